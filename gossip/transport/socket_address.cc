#include "gossip/transport/socket_address.h"

#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <system_error>

namespace transport {
namespace {

constexpr int kPortTries = 32;  // tries to find a port that is free for both

base::Error failure(std::string_view protocol, const Address& address, int error) {
  auto code = base::Code::kInternal;
  if (error == EADDRINUSE) code = base::Code::kConflict;
  if (error == EADDRNOTAVAIL || error == EAFNOSUPPORT) code = base::Code::kInvalid;
  if (error == EACCES) code = base::Code::kForbidden;
  return {code, "bind " + std::string(protocol) + " " + address.text() + ": " +
                    std::generic_category().message(error)};
}

// -1 with errno set.
int make_socket(int type, int family) {
  int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  // Accepted connections inherit this from the listener. If the kernel refuses it, only paths that
  // drop large packets suffer.
  if (fd >= 0 && type == SOCK_STREAM) {
    setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &kSegmentBytes, sizeof(kSegmentBytes));
  }
  return fd;
}

// -1 with errno set.
int bind_one(int type, const Address& address) {
  int family = family_of(address);
  int fd = make_socket(type, family);
  if (fd < 0) return -1;
  int on = 1;
  // Only for TCP: a restart must not wait until old connections time out. With this option on UDP,
  // a second agent could share the port without an error.
  if (type == SOCK_STREAM) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  auto storage = to_sockaddr(address, family);
  socklen_t length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  bool bound = bind(fd, reinterpret_cast<sockaddr*>(&storage), length) == 0;
  if (bound && type == SOCK_STREAM) bound = listen(fd, kBacklog) == 0;
  if (bound) return fd;
  int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

std::uint16_t port_of(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length);
  return from_sockaddr(reinterpret_cast<sockaddr*>(&storage)).port;
}

}  // namespace

int family_of(const Address& address) { return address.is_v4() ? AF_INET : AF_INET6; }

sockaddr_storage to_sockaddr(const Address& address, int family) {
  sockaddr_storage storage{};
  if (family == AF_INET) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    std::memcpy(&v4.sin_addr, address.ip.data() + 12, 4);
    std::memcpy(&storage, &v4, sizeof(v4));
    return storage;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(address.port);
  std::memcpy(&v6.sin6_addr, address.ip.data(), 16);
  v6.sin6_scope_id = address.scope;
  std::memcpy(&storage, &v6, sizeof(v6));
  return storage;
}

Address from_sockaddr(const sockaddr* address) {
  Address out;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof(v4));
    out.ip[10] = out.ip[11] = 0xFF;
    std::memcpy(out.ip.data() + 12, &v4.sin_addr, 4);
    out.port = ntohs(v4.sin_port);
  } else if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof(v6));
    std::memcpy(out.ip.data(), &v6.sin6_addr, 16);
    out.port = ntohs(v6.sin6_port);
    if (out.is_link_local()) out.scope = v6.sin6_scope_id;
  }
  return out;
}

base::Result<BoundSockets> bind_sockets(const Address& wanted, int receive_buffer_bytes) {
  int tries = wanted.port == 0 ? kPortTries : 1;
  int error = 0;
  BoundSockets sockets;
  for (int i = 0; i < tries; ++i) {
    sockets.address = wanted;
    ASSIGN_OR_RETURN(sockets.tcp, bind_listener(wanted));
    sockets.address.port = port_of(sockets.tcp);
    sockets.udp = bind_one(SOCK_DGRAM, sockets.address);
    if (sockets.udp >= 0) {
      // The kernel may give a smaller buffer than we ask for. That is not an error.
      setsockopt(sockets.udp, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                 sizeof(receive_buffer_bytes));
      return sockets;
    }
    error = errno;
    ::close(sockets.tcp);
    if (error != EADDRINUSE) break;
  }
  return failure("udp", sockets.address, error);
}

base::Result<int> bind_listener(const Address& address) {
  int fd = bind_one(SOCK_STREAM, address);
  if (fd < 0) return failure("tcp", address, errno);
  return fd;
}

int connecting_socket(int family) { return make_socket(SOCK_STREAM, family); }

void limit_silence(int descriptor, std::uint64_t millis) {
  auto value = static_cast<unsigned>(std::min<std::uint64_t>(millis, INT_MAX));
  setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, sizeof(value));
}

}  // namespace transport
