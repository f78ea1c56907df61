#pragma once

// Runs of dots as a flat array of small numbers. The actors are in a table. For each actor: its
// number in the table and how many blocks follow. For each block (changes of the same indexes): the
// gap to the block before, changes - 1, runs - 1. For each run of a block: the gap to the run
// before, count - 1. docs/protocol.md has the format. Example: the dots (a,1,0) to (a,1,4) and
// (a,3,2) are [0, 2, 0, 0, 0, 0, 4, 1, 0, 0, 2, 0], if `a` has the number 0.

#include <cstdint>
#include <functional>
#include <span>

#include "crdt/codec.h"
#include "crdt/dot_run.h"

namespace crdt::codec {

// `runs` must be ordered (are_ordered). `number_of` gives the number of an actor in the table.
void write_runs(Writer& out, std::span<const DotRun> runs,
                const std::function<std::size_t(const ActorId&)>& number_of);
// Fails when the runs are not ordered, name an actor outside the table, or have more than
// `dots_max` dots.
void read_runs(Reader& in, std::span<const ActorId> table, std::uint64_t dots_max, DotRuns& runs);

// The number of dots in these runs. It must fit into 64 bits.
std::uint64_t count_dots(std::span<const DotRun> runs);

}  // namespace crdt::codec
