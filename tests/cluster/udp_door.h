#pragma once

// A bare UDP socket and a bare TCP client on loopback: what an attacker without the key has.

#include <chrono>
#include <string>

namespace cluster {

class UdpDoor {
 public:
  explicit UdpDoor(const std::string& to);  // "127.0.0.1:7700"
  ~UdpDoor();
  void send(const std::string& bytes);
  // Bytes that came back within `wait`.
  std::size_t answered(std::chrono::milliseconds wait);

 private:
  int fd_;
};

// Connects, sends, and counts what comes back until the other side closes or `wait` is over.
// `closed`: it did close.
std::size_t tcp_answer(const std::string& to, const std::string& bytes,
                       std::chrono::milliseconds wait, bool& closed);

}  // namespace cluster
