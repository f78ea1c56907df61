#pragma once

// Time for the feed and for handlers: the clock of the agent, and calls that come later.
// All calls come from the loop thread and are answered on it.

#include <cstdint>
#include <functional>

#include "crdt/base/time.h"

namespace agent {

class Timers {
 public:
  virtual ~Timers() = default;

  virtual base::Now now() const = 0;
  // Calls `tick` once after `millis` on the loop thread; for keep-alive comments and time-outs.
  virtual void later(std::uint64_t millis, std::function<void()> tick) = 0;
};

}  // namespace agent
