#pragma once

// Three agents exchange the edits of a history until all have them. Each begins with a third of
// the edits. Edits travel in batches of random size; a batch may be lost, come twice or late. What
// comes before its causes waits.

#include <array>
#include <cstdint>
#include <string>

#include "tools/bench/types/replay.h"

namespace bench {

// The texts at the end. `seed` decides sizes, losses and orders.
std::array<std::string, 3> exchange(const History& history, const Replay& replay,
                                    std::uint64_t seed);

}  // namespace bench
