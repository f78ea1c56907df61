#pragma once

// Members to be asked soon, beside the probes: every one just learned, remembered, or in doubt.
// Each is asked three times at growing distance unless it is heard, one that is said to have
// started anew eight times, and all of them together at a bounded rate, so that learning ten
// thousand members makes no burst. Those that we know from others only come after all others, and
// kHearsayOpen of them at most may owe us an answer at one time: who answers is replaced at once,
// names that nobody answers to cost kHearsayOpen pings an interval.

#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "crdt/base/time.h"
#include "gossip/options.h"

namespace gossip {

inline constexpr std::size_t kGreetingsPerTick = 16;
inline constexpr std::size_t kHearsayOpen = 64;  // pings of the last interval without an answer
inline constexpr int kGreetingTries = 3;
inline constexpr int kClaimTries = 8;
inline constexpr base::Duration kGreetingTick = base::millis(10);

class Greetings {
 public:
  explicit Greetings(const Profile& profile) : profile_(profile) {}

  // `hearsay`: we know it from others only.
  void add(base::Instant now, const NodeId& node, int tries = kGreetingTries, bool hearsay = false);
  void drop(const NodeId& node);  // heard, or gone
  std::vector<NodeId> due(base::Instant now);
  base::Instant next_deadline() const;
  void clear();
  bool waits(const NodeId& node) const { return waiting_.contains(node); }
  std::size_t size() const { return waiting_.size(); }

 private:
  struct Greeting {
    base::Instant at;
    int tries = 0;  // still to come
    bool asked = false;
    bool hearsay = false;
  };
  using ByTime = std::set<std::pair<base::Instant, NodeId>>;
  ByTime& line_of(const Greeting& greeting) { return greeting.hearsay ? hearsay_ : by_time_; }
  void take_due(base::Instant now, bool hearsay, std::vector<NodeId>& out);
  const Profile& profile_;
  base::Instant tick_{INT64_MIN / 2};  // none before
  std::map<NodeId, Greeting> waiting_;
  ByTime by_time_;
  ByTime hearsay_;
  std::map<NodeId, base::Instant> open_;  // hearsay that was asked and owes an answer
  std::deque<std::pair<base::Instant, NodeId>> open_in_order_;
};

}  // namespace gossip
