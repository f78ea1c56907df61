#include "tools/bench/datagram_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace bench {
namespace {

constexpr int kReceiveBuffer = 1 << 20;
constexpr std::size_t kDatagramMax = 2'048;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace

base::Result<DatagramSocket> DatagramSocket::open() {
  int handle = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  DatagramSocket socket(handle);
  sockaddr_in any = loopback(0);
  ::setsockopt(handle, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof(kReceiveBuffer));
  if (handle < 0 || ::bind(handle, reinterpret_cast<sockaddr*>(&any), sizeof(any)) != 0) {
    return base::Error{base::Code::kUnavailable,
                       std::string("bind a datagram socket: ") + ::strerror(errno)};
  }
  return socket;
}

DatagramSocket::DatagramSocket(DatagramSocket&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)) {}

DatagramSocket::~DatagramSocket() {
  if (socket_ >= 0) ::close(socket_);
}

void DatagramSocket::send(std::uint16_t port, const std::string& bytes) {
  sockaddr_in to = loopback(port);
  ::sendto(socket_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof(to));
}

std::optional<DatagramSocket::Datagram> DatagramSocket::receive(std::int64_t timeout_nanos) {
  pollfd entry{socket_, POLLIN, 0};
  auto millis = static_cast<int>(std::max<std::int64_t>(timeout_nanos / 1'000'000, 0));
  if (::poll(&entry, 1, millis) != 1) return std::nullopt;
  sockaddr_in from{};
  socklen_t size = sizeof(from);
  Datagram datagram;
  datagram.bytes.resize(kDatagramMax);
  ssize_t count = ::recvfrom(socket_, datagram.bytes.data(), datagram.bytes.size(), 0,
                             reinterpret_cast<sockaddr*>(&from), &size);
  if (count < 0) return std::nullopt;
  datagram.bytes.resize(static_cast<std::size_t>(count));
  datagram.from = ntohs(from.sin_port);
  return datagram;
}

std::uint16_t DatagramSocket::port() const {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

}  // namespace bench
