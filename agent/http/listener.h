#pragma once

// A listening socket that hands accepted sockets to its owner. libuv's own listener tries again at
// once when a process has no descriptors left, and with a thread taking each freed one it never
// returns; this one rests a moment.

#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "crdt/base/result.h"

namespace http {

class Listener {
 public:
  static constexpr std::uint64_t kRestMillis = 100;

  // kConflict when the address is in use.
  static base::Result<std::unique_ptr<Listener>> open(uv_loop_t* loop, const std::string& host,
                                                      std::uint16_t port);
  ~Listener();                                           // closed
  void start(std::function<void(int socket)> accepted);  // which owns the socket it gets
  void close(std::function<void()> closed);
  std::uint16_t port() const { return port_; }

 private:
  explicit Listener(int socket) : socket_(socket) {}
  void watch();
  void accept_some();
  void rest();

  int socket_;
  std::uint16_t port_ = 0;
  std::function<void(int)> accepted_;
  std::function<void()> closed_;
  uv_poll_t poll_{};
  uv_timer_t timer_{};
  int open_handles_ = 0;
};

}  // namespace http
