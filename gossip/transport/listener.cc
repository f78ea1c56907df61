#include "gossip/transport/listener.h"

#include "crdt/base/check.h"
#include "gossip/transport/socket_address.h"

namespace transport {
namespace {

constexpr std::uint64_t kPauseMillis = 500;

}  // namespace

void Listener::start(uv_loop_t* loop, int descriptor, const Address& address) {
  loop_ = loop;
  address_ = address;
  CHECK(uv_timer_init(loop, &timer_) == 0);
  timer_.data = this;
  listen(descriptor);
}

void Listener::listen(int descriptor) {
  CHECK(uv_tcp_init(loop_, &tcp_) == 0);
  tcp_.data = this;
  tcp_state_ = Tcp::kOpen;
  CHECK(uv_tcp_open(&tcp_, descriptor) == 0);
  CHECK(uv_listen(reinterpret_cast<uv_stream_t*>(&tcp_), kBacklog, on_connection) == 0);
}

void Listener::on_connection(uv_stream_t* server, int status) noexcept {
  auto& self = *static_cast<Listener*>(server->data);
  // libuv keeps one spare descriptor to reject connections. An error here means that even this was
  // not enough. The waiting connection would wake the loop again and again.
  if (status != 0) return self.pause();
  self.on_connection_(server);
}

void Listener::pause() {
  if (tcp_state_ != Tcp::kOpen) return;
  tcp_state_ = Tcp::kClosing;
  uv_close(reinterpret_cast<uv_handle_t*>(&tcp_), on_tcp_closed);
}

void Listener::on_tcp_closed(uv_handle_t* handle) noexcept {
  auto& self = *static_cast<Listener*>(handle->data);
  self.tcp_state_ = Tcp::kAbsent;
  if (self.closing_) return self.stopped();
  uv_timer_start(&self.timer_, on_timer, kPauseMillis, 0);
}

void Listener::on_timer(uv_timer_t* timer) noexcept {
  static_cast<Listener*>(timer->data)->resume();
}

void Listener::resume() {
  auto descriptor = bind_listener(address_);
  if (descriptor.ok()) return listen(*descriptor);
  uv_timer_start(&timer_, on_timer, kPauseMillis, 0);
}

void Listener::close(std::function<void()> closed) {
  CHECK(!closing_);
  closing_ = true;
  closed_ = std::move(closed);
  pause();
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), on_timer_closed);
}

void Listener::on_timer_closed(uv_handle_t* handle) noexcept {
  auto& self = *static_cast<Listener*>(handle->data);
  self.timer_closed_ = true;
  self.stopped();
}

void Listener::stopped() {
  if (tcp_state_ != Tcp::kAbsent || !timer_closed_) return;
  // The callback may delete the listener.
  auto called = std::move(closed_);
  called();
}

}  // namespace transport
