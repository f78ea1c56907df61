#include "agent/http/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "crdt/base/check.h"

namespace http {
namespace {

constexpr int kBacklog = 511;
constexpr int kAcceptsPerTurn = 64;  // so that many new connections do not stop all other work

base::Error failed(const std::string& what, int error) {
  base::Code code = error == EADDRINUSE ? base::Code::kConflict : base::Code::kUnavailable;
  return {code, what + ": " + std::strerror(error)};
}

base::Result<sockaddr_storage> parse_address(const std::string& host, std::uint16_t port) {
  sockaddr_storage out{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out);
  if (uv_ip4_addr(host.c_str(), port, v4) == 0) return out;
  if (uv_ip6_addr(host.c_str(), port, v6) == 0) return out;
  return base::invalid("not a numeric address: " + host);
}

socklen_t size_of(const sockaddr_storage& address) {
  return address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

base::Status bind_and_listen(int socket, const sockaddr_storage& address, const std::string& what) {
  int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.ss_family == AF_INET6) setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(socket, generic, size_of(address)) != 0) return failed("bind " + what, errno);
  if (::listen(socket, kBacklog) != 0) return failed("listen on " + what, errno);
  return {};
}

std::uint16_t bound_port(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  CHECK(getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  // The port has the same offset in both address families.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

}  // namespace

base::Result<std::unique_ptr<Listener>> Listener::open(uv_loop_t* loop, const std::string& host,
                                                       std::uint16_t port) {
  ASSIGN_OR_RETURN(auto address, parse_address(host, port));
  std::string what = host + ":" + std::to_string(port);
  int socket = ::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return failed("socket for " + what, errno);
  std::unique_ptr<Listener> self(new Listener(socket));
  RETURN_IF_ERROR(bind_and_listen(socket, address, what));
  self->port_ = bound_port(socket);
  int status = uv_poll_init(loop, &self->poll_, socket);
  if (status != 0) return failed("watch " + what, -status);
  uv_timer_init(loop, &self->timer_);
  self->poll_.data = self->timer_.data = self.get();
  self->open_handles_ = 2;
  return self;
}

Listener::~Listener() {
  CHECK(open_handles_ == 0);
  if (socket_ >= 0) ::close(socket_);
}

void Listener::start(std::function<void(int)> accepted) {
  accepted_ = std::move(accepted);
  watch();
}

void Listener::close(std::function<void()> closed) {
  closed_ = std::move(closed);
  auto on_closed = [](uv_handle_t* handle) {
    auto* self = static_cast<Listener*>(handle->data);
    if (--self->open_handles_ > 0) return;
    auto told = std::move(self->closed_);
    told();
  };
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), on_closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), on_closed);
  ::close(std::exchange(socket_, -1));
}

void Listener::watch() {
  uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* poll, int, int) {
    static_cast<Listener*>(poll->data)->accept_some();
  });
}

void Listener::accept_some() {
  for (int i = 0; i < kAcceptsPerTurn && socket_ >= 0; ++i) {
    int socket = ::accept4(socket_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      accepted_(socket);
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return;
    if (errno == EINTR || errno == ECONNABORTED) continue;
    return rest();  // EMFILE, ENFILE, ENOBUFS, ENOMEM: the connection waits in the backlog
  }
}

void Listener::rest() {
  uv_poll_stop(&poll_);
  auto on_timer = [](uv_timer_t* timer) { static_cast<Listener*>(timer->data)->watch(); };
  uv_timer_start(&timer_, on_timer, kRestMillis, 0);
}

}  // namespace http
