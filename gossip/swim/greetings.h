#pragma once

// Members that we ping soon, besides the probes: every member that we have just learned of, that is
// remembered, or that is in doubt. Each is pinged three times, with growing gaps, until we hear it.
// A member that is said to have restarted is pinged eight times. All these pings together have a
// bounded rate, so that ten thousand new members make no burst. Members that we know only from
// others come after all others, and at most kHearsayOpen of them may owe us an answer at one time.
// So a member that answers makes room at once, and members that do not exist cost kHearsayOpen
// pings in each interval.

#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "crdt/base/time.h"
#include "gossip/options.h"

namespace gossip {

inline constexpr std::size_t kGreetingsPerTick = 16;
inline constexpr std::size_t kHearsayOpen = 64;  // unanswered pings of the last interval
inline constexpr int kGreetingTries = 3;
inline constexpr int kClaimTries = 8;
inline constexpr base::Duration kGreetingTick = base::millis(10);

class Greetings {
 public:
  explicit Greetings(const Profile& profile) : profile_(profile) {}

  // `hearsay`: we know it only from others.
  void add(base::Instant now, const NodeId& node, int tries = kGreetingTries, bool hearsay = false);
  void drop(const NodeId& node);  // it was heard, or is gone
  std::vector<NodeId> due(base::Instant now);
  base::Instant next_deadline() const;
  void clear();
  bool waits(const NodeId& node) const { return waiting_.contains(node); }
  std::size_t size() const { return waiting_.size(); }

 private:
  struct Greeting {
    base::Instant at;
    int tries = 0;  // tries that are left
    bool asked = false;
    bool hearsay = false;
  };
  using ByTime = std::set<std::pair<base::Instant, NodeId>>;
  ByTime& line_of(const Greeting& greeting) { return greeting.hearsay ? hearsay_ : by_time_; }
  void take_due(base::Instant now, bool hearsay, std::vector<NodeId>& out);
  const Profile& profile_;
  base::Instant tick_{INT64_MIN / 2};  // no greeting before this time
  std::map<NodeId, Greeting> waiting_;
  ByTime by_time_;
  ByTime hearsay_;
  std::map<NodeId, base::Instant> open_;  // hearsay members that owe an answer
  std::deque<std::pair<base::Instant, NodeId>> open_in_order_;
};

}  // namespace gossip
