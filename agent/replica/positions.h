#pragma once

// The positions of changes in the log. Clients hold them as cursors, so a position is never given
// to a second change: not after a power cut, and not after a fault of the disk. Two numbers of
// store::Meta keep this promise. `next_position` is given to the next change. `reserved_position`
// is a bound: every position that was ever given is below it.
//
// Why it holds. A turn whose changes are all from peers commits without a flush, so a power cut may
// take it back, and `next_position` with it. The bound is not taken back: it moves only in a commit
// that is on the medium before anybody is told of the turn (reserve_positions). So at each moment
// every position that was told is below the bound that is on the medium, and an open goes on at
// that bound (leap_positions). A reader may see a commit shortly before it is on the medium.
// Therefore the bound moves while half of it is still free: what such a reader sees is below the
// old bound too, because one turn takes far less than half. A flush for it is needed once in
// kReservedPositions / 2 changes.
//
// What follows for a client. It holds a cursor from before a power cut. The changes that the cut
// took back come again from peers, at positions above the bound, so above the cursor. The client
// gets them a second time if it had them, and misses none.
//
// An older copy of the database that is put back knows nothing of the positions that were given
// after the copy was made. No number in it can help. So every open also skips a random number of
// positions below kLeapMax: then two lives of one copy share no position, unless both random
// numbers differ by less than the number of changes that they wrote.

#include <cstdint>

#include "crdt/base/random.h"
#include "store/meta.h"

namespace agent {

inline constexpr std::int64_t kReservedPositions = 1 << 20;
inline constexpr std::uint64_t kLeapMax = std::uint64_t{1} << 32;

// A position at or above all that may have been given from the database with this `meta`.
std::int64_t unused_position(const store::Meta& meta);
// At an open, before a change is applied: goes on at `from` or above. The caller commits with
// kFull before it tells anybody. `chance` is a copy, so that the draws of its owner stay the same.
void leap_positions(store::Meta& meta, std::int64_t from, base::Random chance);
// At the end of each turn, before its commit. True: the bound has moved, and this commit must be
// kFull.
bool reserve_positions(store::Meta& meta);

}  // namespace agent
