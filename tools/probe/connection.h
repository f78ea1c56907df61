#pragma once

// A TCP connection with deadlines, read into a buffer. The HTTP client and tests that send raw
// bytes use it.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "crdt/base/result.h"
#include "tools/probe/network.h"

namespace probe {

using Millis = std::chrono::milliseconds;

class Connection {
 public:
  // `address` is HOST:PORT with a numeric host, also `[::1]:80`. Without a network it is opened in
  // that of the calling thread.
  static base::Result<std::unique_ptr<Connection>> open(const std::string& address,
                                                        const Network* network = nullptr);
  explicit Connection(int socket) : socket_(socket) {}  // takes it over
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int handle() const { return socket_; }
  // Sends everything. An error if the other side does not read for `silence`.
  base::Status send(std::string_view bytes, Millis silence);
  // Appends to `buffer` what has arrived; waits for it if there is nothing. False at the orderly
  // end of the stream, kTimeout if nothing comes for `silence`.
  base::Result<bool> receive(Millis silence);
  void finish_sending();

  bool closed_by_peer();  // without waiting
  std::string buffer;     // received and not yet taken

 private:
  int socket_;
};

}  // namespace probe
