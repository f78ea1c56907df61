#include "agent/http/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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
  RETURN_IF_ERROR(self->watch_on(loop, what));
  return self;
}

base::Result<std::unique_ptr<Listener>> Listener::open_unix(uv_loop_t* loop,
                                                            const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return base::Error{base::Code::kTooLarge,
                       "the path " + path + " is too long for a Unix socket (at most " +
                           std::to_string(sizeof address.sun_path - 1) + " bytes)"};
  }
  path.copy(address.sun_path, path.size());
  struct stat left {};
  if (::lstat(path.c_str(), &left) == 0) {
    if (!S_ISSOCK(left.st_mode)) {
      return base::Error{base::Code::kConflict, path + " is no socket; move it away"};
    }
    if (::unlink(path.c_str()) != 0) return failed("remove the old socket " + path, errno);
  }
  int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return failed("socket for " + path, errno);
  std::unique_ptr<Listener> self(new Listener(socket));
  // The file gets this mode when it is made, so that there is no moment in which others can open
  // it.
  ::fchmod(socket, S_IRUSR | S_IWUSR);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return failed("bind " + path, errno);
  }
  self->path_ = path;
  struct stat made {};
  if (::lstat(path.c_str(), &made) != 0) return failed("look at " + path, errno);
  self->inode_ = made.st_ino;
  self->device_ = made.st_dev;
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0) return failed("chmod 600 " + path, errno);
  if (::listen(socket, kBacklog) != 0) return failed("listen on " + path, errno);
  RETURN_IF_ERROR(self->watch_on(loop, path));
  return self;
}

base::Status Listener::watch_on(uv_loop_t* loop, const std::string& what) {
  int status = uv_poll_init(loop, &poll_, socket_);
  if (status != 0) return failed("watch " + what, -status);
  uv_timer_init(loop, &timer_);
  poll_.data = timer_.data = this;
  open_handles_ = 2;
  return {};
}

void Listener::remove_file() {
  std::string path = std::exchange(path_, {});  // once: a later file may get the same inode
  struct stat found {};
  if (path.empty() || ::lstat(path.c_str(), &found) != 0) return;
  if (found.st_ino == inode_ && found.st_dev == device_) ::unlink(path.c_str());
}

Listener::~Listener() {
  CHECK(open_handles_ == 0);
  remove_file();
  if (socket_ >= 0) ::close(socket_);
}

void Listener::start(std::function<void(int)> accepted) {
  accepted_ = std::move(accepted);
  watch();
}

void Listener::close(std::function<void()> closed) {
  remove_file();
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
