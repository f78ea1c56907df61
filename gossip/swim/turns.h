#pragma once

// Whose turn it is to be asked. Of eight probes four go to the next living member on the ring of
// node ids, one each to the second and the third: so every member has a watcher who asks it every
// other interval, and the longest wait does not depend on how the turns of several fall together.
// Two go round all of them in shuffled order, so that no two lose each other for good; while there
// are members that we know from others only, one of these two is for them. Dead ones take turns of
// their own, and of four one is for those that we never met.

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

  std::optional<NodeId> next();       // of the living
  std::optional<NodeId> next_dead();  // round-robin
  // Somebody accuses `node`: if we watch it, it comes next, so that a second opinion is not late.
  void accused(const NodeId& node);
  // `on_round`: the probe that next() chose last was one of the shuffled round.
  bool on_round() const;

 private:
  std::optional<NodeId> next_of_round();
  std::optional<NodeId> next_of_hearsay();

  const NodeId self_;
  const MemberTable& table_;
  base::Random random_;
  std::size_t count_ = 0;
  std::optional<NodeId> hurried_;
  std::vector<NodeId> round_;  // shuffled; taken from the back
  std::pair<base::Instant, NodeId> hearsay_{base::Instant{INT64_MIN}, {}};  // the last of them
  std::size_t dead_count_ = 0;
  NodeId dead_;
  NodeId dead_hearsay_;
};

}  // namespace gossip
