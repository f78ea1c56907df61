#include "agent/replica/positions.h"

#include <algorithm>

namespace agent {
namespace {

// Versions that wrote no bound skipped so many positions at each open. It is more than they could
// lose: they flushed once a second.
constexpr std::int64_t kGapWithoutBound = 1 << 24;

}  // namespace

// A bound below the next position is from a time before a version without bounds was used.
std::int64_t unused_position(const store::Meta& meta) {
  const bool bound = meta.reserved_position >= meta.next_position;
  return bound ? meta.reserved_position : meta.next_position + kGapWithoutBound;
}

void leap_positions(store::Meta& meta, std::int64_t from, base::Random chance) {
  meta.next_position =
      std::max(from, meta.next_position) + static_cast<std::int64_t>(chance.below(kLeapMax));
  meta.reserved_position = meta.next_position + kReservedPositions;
}

bool reserve_positions(store::Meta& meta) {
  if (meta.next_position <= meta.reserved_position - kReservedPositions / 2) return false;
  meta.reserved_position = meta.next_position + kReservedPositions;
  return true;
}

}  // namespace agent
