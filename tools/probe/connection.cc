#include "tools/probe/connection.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

namespace probe {
namespace {

base::Error failed(const std::string& doing) {
  return {base::Code::kUnavailable, doing + ": " + ::strerror(errno)};
}

base::Status wait_for(int socket, short what, Millis timeout) {
  pollfd entry{socket, what, 0};
  int ready = 0;
  do {
    ready = ::poll(&entry, 1, static_cast<int>(timeout.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) return failed("poll");
  if (ready == 0) {
    return base::Error{base::Code::kTimeout,
                       "no answer in " + std::to_string(timeout.count()) + " ms"};
  }
  return {};
}

}  // namespace

base::Result<std::unique_ptr<Connection>> Connection::open(const std::string& address,
                                                           const Network* network) {
  auto colon = address.rfind(':');
  if (colon == std::string::npos) return base::invalid("connect to " + address + ": no port");
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);

  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found) != 0) {
    return base::invalid("connect to " + address + ": not a numeric address");
  }
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
  InNetwork there(network);  // a socket stays in the network it was made in
  int socket = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return failed("socket");
  auto connection = std::make_unique<Connection>(socket);
  if (::connect(socket, found->ai_addr, found->ai_addrlen) != 0) {
    return failed("connect to " + address);
  }
  int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return connection;
}

Connection::~Connection() { ::close(socket_); }

base::Status Connection::send(std::string_view bytes, Millis silence) {
  while (!bytes.empty()) {
    ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      RETURN_IF_ERROR(wait_for(socket_, POLLOUT, silence));
    } else if (errno != EINTR) {
      return failed("send");
    }
  }
  return {};
}

base::Result<bool> Connection::receive(Millis silence) {
  char bytes[65'536];
  while (true) {
    ssize_t count = ::recv(socket_, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (count >= 0) {
      buffer.append(bytes, static_cast<std::size_t>(count));
      return count > 0;
    }
    if (errno == EAGAIN) {
      RETURN_IF_ERROR(wait_for(socket_, POLLIN, silence));
    } else if (errno != EINTR) {
      return failed("receive");
    }
  }
}

void Connection::finish_sending() { ::shutdown(socket_, SHUT_WR); }

bool Connection::closed_by_peer() {
  char byte;
  ssize_t count = ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count == 0 || (count < 0 && errno != EAGAIN);
}

}  // namespace probe
