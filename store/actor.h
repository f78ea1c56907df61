#pragma once

// What the store knows of one actor.

#include <cstdint>
#include <optional>
#include <utility>

#include "crdt/dot.h"
#include "crdt/head.h"

namespace store {

struct Actor {
  std::int64_t index = 0;       // the small number that rows use for this actor
  crdt::Head head;              // the vector entry
  std::uint64_t floor = 0;      // the log holds every change in (floor, head.seq] (rule 7)
  std::uint64_t named_seq = 0;  // the highest number in the `deps` of an applied change
  std::optional<base::NodeId> node;
  bool left = false;      // its owner no longer uses it (rule 2)
  bool closed = false;    // left, and held in full by every member: not listed on the wire
  bool alone = false;     // perhaps no peer holds all of it: pruned last (rule 7)
  bool in_block = false;  // it stands in a row of `closed`, not in rows of its own

  // True if another applied change names the head in its `deps`.
  bool head_named() const { return named_seq >= head.seq; }
};

using ActorEntry = std::pair<base::ActorId, Actor>;

}  // namespace store
