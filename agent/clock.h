#pragma once

// The driver's clocks, read once a wake-up and handed to the machines.

#include "crdt/base/time.h"

namespace agent {

base::Now read_clock();
// The wall clock is not trusted before this: when the program was built.
std::int64_t build_nanos();

}  // namespace agent
