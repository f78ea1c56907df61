#include "agent/signals.h"

#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "agent/held_signals.h"

namespace agent {

base::Result<std::unique_ptr<Signals>> Signals::open(uv_loop_t* loop,
                                                     std::function<void(int)> caught) {
  sigset_t set = obeyed_signals();
  int descriptor = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (descriptor < 0) {
    return base::Error{base::Code::kUnavailable, std::string("read signals: ") + strerror(errno)};
  }
  std::unique_ptr<Signals> signals(new Signals(descriptor, std::move(caught)));
  CHECK(uv_poll_init(loop, signals->poll_, descriptor) == 0);
  signals->poll_->data = signals.get();
  auto ready = [](uv_poll_t* poll, int, int) { static_cast<Signals*>(poll->data)->read(); };
  CHECK(uv_poll_start(signals->poll_, UV_READABLE, ready) == 0);
  return signals;
}

Signals::Signals(int descriptor, std::function<void(int)> caught)
    : descriptor_(descriptor), caught_(std::move(caught)), poll_(new uv_poll_t) {}

Signals::~Signals() { CHECK(poll_ == nullptr); }

// Reads one signal at a time, because the callback may call close().
void Signals::read() {
  signalfd_siginfo info{};
  if (::read(descriptor_, &info, sizeof info) != sizeof info) return;
  caught_(static_cast<int>(info.ssi_signo));
}

void Signals::close() {
  uv_close(reinterpret_cast<uv_handle_t*>(poll_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
  poll_ = nullptr;
  ::close(descriptor_);
}

}  // namespace agent
