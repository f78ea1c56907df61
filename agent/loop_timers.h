#pragma once

// Calls that come later, on one libuv loop. Each call has a timer of its own, which is closed after
// it. Loop thread only.

#include <uv.h>

#include <cstdint>
#include <functional>
#include <set>

namespace agent {

class LoopTimers {
 public:
  explicit LoopTimers(uv_loop_t* loop) : loop_(loop) {}
  ~LoopTimers() = default;  // close() must have been called, and the loop run, if later() was
  LoopTimers(const LoopTimers&) = delete;
  LoopTimers& operator=(const LoopTimers&) = delete;

  // Calls `tick` once after `millis`. The loop must be open. After close() it does nothing.
  void later(std::uint64_t millis, std::function<void()> tick);
  // Drops all calls that have not come yet. The loop closes their timers when it runs again.
  void close();

 private:
  struct Once;  // one call of later()

  uv_loop_t* loop_;
  std::set<Once*> pending_;
  bool closed_ = false;
};

}  // namespace agent
