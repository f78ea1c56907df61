#pragma once

// Rule 9 for stamps of clients, as the checks see it. What an agent may take for the time is the
// wall clock or, if that is not to be trusted, the highest time that it has met. Which of the two
// it takes is its own affair. So only a stamp that is far ahead of both must be refused, and one
// that is far ahead of none must not.

#include <cstdint>

#include "agent/replica/requests.h"

namespace simulation {

struct ClockSight {
  std::int64_t wall_nanos = 0;
  std::int64_t latest_nanos = 0;  // of the hybrid clock
};

bool must_look_new(const ClockSight& clock, const agent::WriteRequest& request);
bool may_look_new(const ClockSight& clock, const agent::WriteRequest& request);

}  // namespace simulation
