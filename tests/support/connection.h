#pragma once

// A blocking TCP connection with time limits. It reads into a buffer. The HTTP client and tests
// that send raw bytes use it.

#include <memory>
#include <string>

#include "crdt/base/result.h"
#include "tests/support/eventually.h"
#include "tests/support/network.h"

namespace support {

class Connection {
 public:
  // `address` is HOST:PORT with a numeric host, `[::1]:80` included; a null network is the test's.
  static base::Result<std::unique_ptr<Connection>> open(const std::string& address,
                                                        const Network* network = nullptr);
  explicit Connection(int socket) : socket_(socket) {}  // takes it over
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  base::Status send(const std::string& bytes, Millis timeout);
  // Waits for more bytes and appends them to `buffer`. False at the orderly end of the stream.
  base::Result<bool> receive(Millis timeout);
  void finish_sending();

  bool closed_by_peer();  // without waiting
  std::string buffer;     // received and not yet taken

 private:
  int socket_;
};

}  // namespace support
