#pragma once

// A blocking UDP socket on 127.0.0.1; each read has a deadline. The processes of the floor talk
// through it. A port stands for an address.

#include <cstdint>
#include <optional>
#include <string>

#include "crdt/base/result.h"

namespace bench {

class DatagramSocket {
 public:
  static base::Result<DatagramSocket> open();
  DatagramSocket(DatagramSocket&& other) noexcept;
  DatagramSocket& operator=(DatagramSocket&&) = delete;
  ~DatagramSocket();

  void send(std::uint16_t port, const std::string& bytes);
  struct Datagram {
    std::uint16_t from = 0;
    std::string bytes;
  };
  std::optional<Datagram> receive(std::int64_t timeout_nanos);
  std::uint16_t port() const;

 private:
  explicit DatagramSocket(int socket) : socket_(socket) {}
  int socket_;
};

}  // namespace bench
