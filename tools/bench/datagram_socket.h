#pragma once

// A blocking UDP socket on 127.0.0.1 with a deadline to each read: what the floor's processes speak
// through. Ports stand for addresses.

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
