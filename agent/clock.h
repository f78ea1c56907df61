#pragma once

// The clocks of the driver. They are read once for each wake-up and passed to the machines.

#include "crdt/base/time.h"

namespace agent {

base::Now read_clock();
// The time when the program was built. A wall clock before this time is not trusted.
std::int64_t build_nanos();

}  // namespace agent
