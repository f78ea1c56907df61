#pragma once

// Chooses whom to probe next. Of eight probes four go to the next living member on the ring of node
// ids, one to the second and one to the third. So every member has a watcher that probes it every
// other interval, and the longest time between its probes does not depend on chance. Two of the
// eight go round all members in shuffled order, so that no two members lose each other for good.
// While there are members that we know only from others, one of these two is for them. Dead members
// have turns of their own; one of four is for those that we never met.

#include <optional>
#include <vector>

#include "crdt/base/random.h"
#include "gossip/swim/member_table.h"

namespace gossip {

inline constexpr std::size_t kWatched = 3;

class Turns {
 public:
  Turns(const NodeId& self, const MemberTable& table, base::Random random)
      : self_(self), table_(table), random_(random) {}

  std::optional<NodeId> next();       // a living member
  std::optional<NodeId> next_dead();  // a dead member, round-robin
  // Another member accuses `node`. If we watch `node`, we probe it next, so that a second
  // accusation comes in time.
  void accused(const NodeId& node);
  // True if the probe that next() chose last was one of the shuffled round.
  bool on_round() const;

 private:
  std::optional<NodeId> next_of_round();
  std::optional<NodeId> next_of_hearsay();

  const NodeId self_;
  const MemberTable& table_;
  base::Random random_;
  std::size_t count_ = 0;
  std::optional<NodeId> hurried_;
  std::vector<NodeId> round_;  // in shuffled order; taken from the back
  // The hearsay member that was probed last.
  std::pair<base::Instant, NodeId> hearsay_{base::Instant{INT64_MIN}, {}};
  std::size_t dead_count_ = 0;
  NodeId dead_;
  NodeId dead_hearsay_;
};

}  // namespace gossip
