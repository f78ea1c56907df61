#pragma once

// Members to be asked soon, beside the probes: every one just learned, remembered, or in doubt.
// Each is asked three times at growing distance unless it is heard, one that is said to have
// started anew eight times, and all of them together at a bounded rate, so that learning ten
// thousand members makes no burst.

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "crdt/base/time.h"
#include "gossip/options.h"

namespace gossip {

inline constexpr std::size_t kGreetingsPerTick = 16;
inline constexpr int kGreetingTries = 3;
inline constexpr int kClaimTries = 8;
inline constexpr base::Duration kGreetingTick = base::millis(10);

class Greetings {
 public:
  explicit Greetings(const Profile& profile) : profile_(profile) {}

  void add(base::Instant now, const NodeId& node, int tries = kGreetingTries);
  void drop(const NodeId& node);  // heard, or gone
  std::vector<NodeId> due(base::Instant now);
  base::Instant next_deadline() const;
  void clear();
  std::size_t size() const { return waiting_.size(); }

 private:
  struct Greeting {
    base::Instant at;
    int tries = 0;  // still to come
    bool asked = false;
  };
  const Profile& profile_;
  base::Instant tick_{INT64_MIN / 2};  // none before
  std::map<NodeId, Greeting> waiting_;
  std::set<std::pair<base::Instant, NodeId>> by_time_;
};

}  // namespace gossip
