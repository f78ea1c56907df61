#pragma once

// Whose turn it is to be asked. Three of four probes go to the next living members on the ring of
// node ids, so that every member has watchers who notice soon; one of four goes round all of them
// in shuffled order, so that no two lose each other for good. Dead ones take turns of their own.

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
  bool on_round() const { return count_ % (kWatched + 1) == 0; }

 private:
  std::optional<NodeId> next_of_round();

  const NodeId self_;
  const MemberTable& table_;
  base::Random random_;
  std::size_t count_ = 0;
  std::optional<NodeId> hurried_;
  std::vector<NodeId> round_;  // shuffled; taken from the back
  NodeId dead_;
};

}  // namespace gossip
