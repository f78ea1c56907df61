#pragma once

// kill -9 again and again: in every loop all agents are written to, some are killed at a random
// microsecond, some again while they start, all come back and must agree. What is checked after
// each: equal vectors and digests; the History (nothing acknowledged lost, nothing refused or
// deleted shown, what had no answer wholly there or absent); a killed agent writes under an actor
// that nobody ever used, one that lived or was stopped cleanly under its own; no agent reports
// equivocation or divergence. Everything random comes from the seed; what the processes do with it
// does not.

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/cluster/cluster.h"
#include "tests/cluster/history.h"

namespace cluster {

struct KillOptions {
  int agents = 3;
  std::uint64_t seed = 1;
  // A paused agent sleeps up to so long while the others are killed and come back; 0: no longer
  // than that takes.
  support::Millis pause_max{0};
};

struct KillFigures {
  int loops = 0;
  int kills = 0;
  int kills_while_starting = 0;
  int stops = 0;   // SIGTERM
  int pauses = 0;  // SIGSTOP, SIGCONT
  HistoryCounts requests;
  std::size_t entries = 0;  // at the end
  std::size_t actors = 0;
  std::int64_t slowest_millis = 0;  // from the last restart to equal digests
};

class KillLoops {
 public:
  explicit KillLoops(const KillOptions& options);
  void run_loop();
  // What was found so far; each says its loop. After a finding further loops mean little.
  const std::vector<std::string>& findings() const { return findings_; }
  void check_everything();  // all entries on all agents; run_loop() looks at the latest only
  KillFigures figures();
  Cluster& mesh() { return mesh_; }

 private:
  enum class Fate { kLives, kKilled, kStopped, kPaused };
  std::string loop_prefix(int loop) const;
  std::vector<Fate> draw_fates();
  void strike(const std::vector<Fate>& fates);
  void bring_back(const std::vector<Fate>& fates);
  void wake(const std::vector<Fate>& fates);
  void start(AgentProcess& agent, bool kill_once);
  void check(const std::vector<Fate>& fates);
  void check_entries(const std::string& from_id);
  void condemn();
  void check_actors(const std::vector<Fate>& fates);
  void check_alarms();
  void find(const std::string& what);
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  KillOptions options_;
  std::mt19937_64 random_;
  Cluster mesh_;
  History history_;
  std::vector<std::string> condemned_;
  std::map<std::string, std::string> actors_;  // by agent
  std::set<std::string> used_actors_;
  std::vector<std::string> findings_;
  KillFigures figures_;
};

// For people.
std::string text_of(const KillFigures& figures);

}  // namespace cluster
