#pragma once

// The TCP listener. When the process has no free descriptor, it stops listening for a short time.
// Otherwise a connection that it cannot accept would wake the loop again and again.

#include <uv.h>

#include <functional>

#include "gossip/address.h"

namespace transport {

using gossip::Address;

class Listener {
 public:
  using OnConnection = std::function<void(uv_stream_t* server)>;  // it must call uv_accept()

  explicit Listener(OnConnection on_connection) : on_connection_(std::move(on_connection)) {}
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Takes over the listening descriptor. After this, close() must be called.
  void start(uv_loop_t* loop, int descriptor, const Address& address);
  void close(std::function<void()> closed);

 private:
  void listen(int descriptor);
  void pause();
  void resume();
  void stopped();
  static void on_connection(uv_stream_t* server, int status) noexcept;
  static void on_timer(uv_timer_t* timer) noexcept;
  static void on_tcp_closed(uv_handle_t* handle) noexcept;
  static void on_timer_closed(uv_handle_t* handle) noexcept;

  enum class Tcp { kAbsent, kOpen, kClosing };

  uv_loop_t* loop_ = nullptr;
  Address address_;
  uv_tcp_t tcp_{};
  Tcp tcp_state_ = Tcp::kAbsent;
  uv_timer_t timer_{};
  bool closing_ = false;
  bool timer_closed_ = false;
  OnConnection on_connection_;
  std::function<void()> closed_;
};

}  // namespace transport
