#pragma once

// A listening socket that passes accepted sockets to its owner. When the process has no free
// descriptor, libuv's own listener tries again at once; if another thread takes each descriptor
// that becomes free, it never returns. This listener waits kRestMillis instead.
//
// The mesh has a listener of its own (gossip/transport/listener.h). Neither folder may use the
// other, and the only one below both, crdt/base, knows no sockets and no loop. They also differ:
// that one closes its socket to rest, and this one keeps it, so that no other program can take the
// port.

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

  // kConflict when the address is in use. `host` is numeric.
  static base::Result<std::unique_ptr<Listener>> open(uv_loop_t* loop, const std::string& host,
                                                      std::uint16_t port);
  // A Unix socket that only this user can open. A socket that nobody listens on any more is
  // replaced. The caller must know that no other process uses the path. kTooLarge: the path is too
  // long. close() removes the file, unless another one has its name then.
  static base::Result<std::unique_ptr<Listener>> open_unix(uv_loop_t* loop,
                                                           const std::string& path);
  ~Listener();                                           // close() must have finished
  void start(std::function<void(int socket)> accepted);  // `accepted` owns the socket
  void close(std::function<void()> closed);
  std::uint16_t port() const { return port_; }

 private:
  explicit Listener(int socket) : socket_(socket) {}
  base::Status watch_on(uv_loop_t* loop, const std::string& what);
  void remove_file();
  void watch();
  void accept_some();
  void rest();

  int socket_;
  std::uint16_t port_ = 0;
  std::string path_;         // of a Unix socket
  std::uint64_t inode_ = 0;  // of its file
  std::uint64_t device_ = 0;
  std::function<void(int)> accepted_;
  std::function<void()> closed_;
  uv_poll_t poll_{};
  uv_timer_t timer_{};
  int open_handles_ = 0;
};

}  // namespace http
