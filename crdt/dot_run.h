#pragma once

// Dots as runs. A run is a rectangle: the same `count` indexes in each of `changes` consecutive
// changes of one actor. Example: a text that was typed with one change for each key is one run, and
// so is a text that was pasted with one change. Lists of runs are ordered by (actor, seq, index),
// and no two runs of a list have a dot in common. Runs that share a change begin and end with the
// same change, so covers() is two binary searches.

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "crdt/dot.h"

namespace crdt {

struct DotRun {
  ActorId actor;
  std::uint64_t seq = 0;      // of the first change
  std::uint32_t index = 0;    // the first index in each change
  std::uint32_t count = 1;    // of indexes, at least 1
  std::uint32_t changes = 1;  // consecutive changes, at least 1
  auto operator<=>(const DotRun&) const = default;

  bool contains(const Dot& dot) const {
    return dot.actor == actor && dot.seq >= seq && dot.seq - seq < changes && dot.index >= index &&
           dot.index - index < count;
  }
};
using DotRuns = std::vector<DotRun>;

// The list is ordered as described above, and no number of it is zero where it must not be or
// beyond its type.
bool are_ordered(std::span<const DotRun> runs);
// `runs` must be ordered.
bool covers(std::span<const DotRun> runs, const Dot& dot);

// Exactly these dots, in as few runs as a simple merge finds. Dots that are named twice count once.
DotRuns runs_of(std::vector<Dot> dots);
// The same dots, ordered and in as few runs as a simple merge finds. `runs` may be in any order and
// may overlap; each must be valid by itself.
DotRuns ordered_runs(DotRuns runs);
// At least `dots` and none of `kept`: a run may go over indexes of neither. For a removal below a
// path, where the author has seen each change completely, so such an index names nothing that
// lives there.
DotRuns runs_around(std::vector<Dot> dots, std::vector<Dot> kept);

}  // namespace crdt
