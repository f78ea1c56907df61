#pragma once

// Who is asked for a sign of life, and who is given up. Each ping interval one living member is
// asked in shuffled round-robin order (SWIM 4.3 bounds the worst case that way). One that does not
// answer is asked again after ping_timeout, twice, then every interval, until it is heard or lost.
//
// Silence is judged only by our own unanswered pings. In a mesh of 60 a member is asked by us twice
// a minute, so having heard nothing for `silence` means nothing; having asked at least three times
// over `silence` without any authenticated sign of life means that it is dead for us. Suspicion
// confirmed by others belongs to a later version.

#include <deque>
#include <set>
#include <utility>
#include <vector>

#include "crdt/base/random.h"
#include "gossip/options.h"
#include "gossip/swim/member_table.h"

namespace gossip {

inline constexpr std::uint32_t kUnansweredMin = 3;  // pings before a member may be lost
inline constexpr std::size_t kGreetingsPerTick = 16;
inline constexpr base::Duration kGreetingTick = base::millis(10);

class Probe {
 public:
  Probe(const Options& options, MemberTable& table, base::Random random);

  // What is due: members to ping now, and members just lost.
  struct Due {
    std::vector<NodeId> ping;
    std::vector<NodeId> lost;
  };
  void advance(base::Instant now, Due& due);
  base::Instant next_deadline() const;

  // Asks a member soon, paced: used for every member just learned.
  void greet(base::Instant now, const NodeId& node);
  void sent(base::Instant now, Member& member, std::uint64_t token);
  // Any authenticated sign of life ends the asking.
  void heard(base::Instant now, Member& member);
  void answered(base::Instant now, Member& member, std::uint64_t token);
  void forget(const Member& member);
  void stop();  // asks nobody until greet() or resume()
  void resume() { stopped_ = false; }

 private:
  void run_greetings(base::Instant now, Due& due);
  void run_due(base::Instant now, Due& due);
  void run_round(base::Instant now, Due& due);
  void run_retries(base::Instant now, Due& due);
  void schedule(Member& member, base::Instant at);

  const Options& options_;
  MemberTable& table_;
  base::Random random_;
  bool started_ = false;
  bool stopped_ = false;
  base::Instant round_at_;
  base::Instant retry_at_;
  base::Instant greet_at_ = base::Instant::never();
  std::vector<NodeId> round_;  // shuffled; taken from the back
  NodeId retry_cursor_;
  std::deque<NodeId> greetings_;  // members to be asked soon
  std::set<NodeId> greeted_;      // the same, to hold each once
  std::set<std::pair<base::Instant, NodeId>> due_;
};

}  // namespace gossip
