#include "tests/cluster/udp_door.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

namespace cluster {
namespace {

sockaddr_in address_of(const std::string& to) {
  auto colon = to.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(to.substr(colon + 1))));
  inet_pton(AF_INET, to.substr(0, colon).c_str(), &address.sin_addr);
  return address;
}

bool readable(int fd, std::chrono::milliseconds wait) {
  pollfd poll_one{fd, POLLIN, 0};
  return poll(&poll_one, 1, static_cast<int>(wait.count())) > 0;
}

}  // namespace

UdpDoor::UdpDoor(const std::string& to) : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = address_of(to);
  if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
}

UdpDoor::~UdpDoor() { close(fd_); }

void UdpDoor::send(const std::string& bytes) {
  // A full socket buffer only means that this one is not seen.
  [[maybe_unused]] ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), 0);
}

std::size_t UdpDoor::answered(std::chrono::milliseconds wait) {
  std::size_t total = 0;
  char buffer[65536];
  while (readable(fd_, wait)) {
    ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0) break;
    total += static_cast<std::size_t>(got);
  }
  return total;
}

std::size_t tcp_answer(const std::string& to, const std::string& bytes,
                       std::chrono::milliseconds wait, bool& closed) {
  closed = false;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = address_of(to);
  std::size_t total = 0;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    [[maybe_unused]] ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    char buffer[65536];
    while (readable(fd, wait)) {
      ssize_t got = recv(fd, buffer, sizeof buffer, 0);
      closed = got <= 0;
      if (closed) break;
      total += static_cast<std::size_t>(got);
    }
  }
  close(fd);
  return total;
}

}  // namespace cluster
