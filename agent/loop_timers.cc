#include "agent/loop_timers.h"

#include <utility>

namespace agent {

struct LoopTimers::Once {
  uv_timer_t timer{};
  LoopTimers* timers = nullptr;
  std::function<void()> tick;

  void close() {
    timers->pending_.erase(this);
    uv_close(reinterpret_cast<uv_handle_t*>(&timer),
             [](uv_handle_t* handle) { delete static_cast<Once*>(handle->data); });
  }
};

void LoopTimers::later(std::uint64_t millis, std::function<void()> tick) {
  if (closed_) return;
  auto* once = new Once;
  once->timers = this;
  once->tick = std::move(tick);
  once->timer.data = once;
  pending_.insert(once);
  uv_timer_init(loop_, &once->timer);
  auto fired = [](uv_timer_t* timer) {
    auto* due = static_cast<Once*>(timer->data);
    auto call = std::move(due->tick);
    due->close();
    call();
  };
  uv_timer_start(&once->timer, fired, millis, 0);
}

void LoopTimers::close() {
  closed_ = true;
  while (!pending_.empty()) (*pending_.begin())->close();
}

}  // namespace agent
