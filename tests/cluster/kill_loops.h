#pragma once

// Kills agents with kill -9 again and again. In every loop the test writes to all agents, kills
// some at a random microsecond (some of them again while they start), starts all again, and
// compares them. After each loop it checks: vectors and digests are equal; the History holds (no
// acknowledged request is lost, no refused or deleted entry is shown, a request without an answer
// is there wholly or not at all); an agent that was started again writes under an actor that nobody
// used before, an agent that kept running under the same actor; no agent reports equivocation or
// divergence. All random choices come from the seed. How the processes run does not.

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
  // A paused agent stands still for at most this time while the others are killed and come back.
  // 0: it goes on as soon as they are back.
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
  // The faults found so far, each with its loop. After the first one further loops prove little.
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

// As text for people.
std::string text_of(const KillFigures& figures);

}  // namespace cluster
