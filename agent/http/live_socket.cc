#include "agent/http/live_socket.h"

#include "agent/http/connection.h"

namespace http {

bool LiveSocket::send_text(std::string_view text) {
  return connection_ != nullptr && connection_->send_message(false, text);
}

bool LiveSocket::send_binary(std::string_view bytes) {
  return connection_ != nullptr && connection_->send_message(true, bytes);
}

void LiveSocket::close(std::uint16_t code, std::string_view reason) {
  if (connection_ != nullptr) connection_->close_socket(code, reason);
}

void LiveSocket::pause() {
  if (connection_ != nullptr) connection_->pause_socket(true);
}

void LiveSocket::resume() {
  if (connection_ != nullptr) connection_->pause_socket(false);
}

std::size_t LiveSocket::unsent() const {
  return connection_ != nullptr ? connection_->unsent() : 0;
}

void LiveSocket::deliver(bool binary, std::string message) {
  if (events_.on_message) events_.on_message(binary, std::move(message));
}

void LiveSocket::tell_closed() {
  auto events = std::exchange(events_, {});
  if (events.on_closed) events.on_closed();
}

}  // namespace http
