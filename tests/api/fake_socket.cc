#include "tests/api/fake_socket.h"

#include "agent/http/server.h"

namespace agent {

bool FakeSocket::send_text(std::string_view text) {
  if (gone_ || code_) return false;
  if (unsent_ > 0 && unsent_ + text.size() > http::Options{}.stream_bytes_max) {
    gone_ = true;
    end();
    return false;
  }
  if (slow_) unsent_ += text.size();
  sent_.emplace_back(text);
  return true;
}

void FakeSocket::close(std::uint16_t code, std::string_view) {
  if (gone_ || code_) return;
  code_ = code;
  end();
}

void FakeSocket::resume() {
  paused_ = false;
  defer_([self = weak_from_this()] {
    if (auto socket = self.lock()) socket->pass_on();
  });
}

void FakeSocket::say(std::string message, bool binary) {
  said_.emplace_back(binary, std::move(message));
  pass_on();
}

void FakeSocket::pass_on() {
  while (!paused_ && !gone_ && !code_ && !said_.empty()) {
    auto [binary, message] = std::move(said_.front());
    said_.pop_front();
    if (events_.on_message) events_.on_message(binary, std::move(message));
  }
}

// The test runs where the loop runs, so the handler hears of it at once.
void FakeSocket::leave() {
  gone_ = true;
  sent_.clear();
  const auto events = std::exchange(events_, {});
  if (events.on_closed) events.on_closed();
}

std::vector<std::string> FakeSocket::take() {
  unsent_ = 0;
  return std::exchange(sent_, {});
}

void FakeSocket::end() {
  defer_([self = weak_from_this()] {
    const auto socket = self.lock();
    if (!socket) return;
    const auto events = std::exchange(socket->events_, {});
    if (events.on_closed) events.on_closed();
  });
}

}  // namespace agent
