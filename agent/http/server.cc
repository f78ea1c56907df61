#include "agent/http/server.h"

#include <unistd.h>

#include <csignal>
#include <utility>

#include "agent/http/connection.h"
#include "agent/http/listener.h"
#include "agent/http/tls.h"
#include "agent/http/uv_handle.h"
#include "crdt/base/check.h"

namespace http {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::uint64_t kRoomMillis = 20;

std::string host_and_port(const std::string& host, std::uint16_t port) {
  bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Doors make_doors(const std::string& host, std::uint16_t port, const Options& options) {
  Doors doors;
  for (const char* loopback : {"127.0.0.1", "localhost", "::1"}) {
    doors.hosts.push_back(host_and_port(loopback, port));
  }
  doors.hosts.push_back(host_and_port(host, port));
  for (const std::string& allowed : options.hosts) {
    doors.hosts.push_back(allowed);
    // Behind a proxy the Host has the port of the proxy, else it has our port.
    if (!has_port(allowed)) doors.hosts.push_back(allowed + ":" + std::to_string(port));
  }
  doors.origins = options.origins;
  return doors;
}

// libuv writes to sockets without MSG_NOSIGNAL, so a client that resets its connection would end
// the program. A handler that the program has set is kept.
void ignore_broken_pipes() {
  struct sigaction current {};
  sigaction(SIGPIPE, nullptr, &current);
  if (current.sa_handler == SIG_DFL) std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace

const Peer& Exchange::peer() const {
  static const Peer kNobody;
  return kNobody;
}

std::shared_ptr<Socket> Exchange::upgrade(SocketEvents) { return nullptr; }

struct Server::Impl {
  Impl(uv_loop_t* loop, const Options& options, const Router& router);

  void listen(std::unique_ptr<Listener> listener);
  void accept(int socket);
  void go_on_touched();
  void close(std::uint64_t grace_millis, std::function<void()> told);
  void watch_room();
  void finish_if_empty();
  void close_handles();
  static void on_closed(uv_handle_t* handle);

  Shared shared;
  std::string address;
  std::vector<std::unique_ptr<Listener>> listeners;  // the first one is by TCP
  // Answers that were given outside of reading are written once in a turn of the loop: before it
  // sleeps (answers of timers) and after it woke (answers of other events).
  uv_prepare_t prepare{};
  uv_check_t check{};
  uv_timer_t grace{};
  uv_timer_t room{};  // runs while requests wait for room
  int open_handles = 0;
  std::size_t listeners_closed = 0;
  std::function<void()> closed;
};

Server::Impl::Impl(uv_loop_t* loop, const Options& options, const Router& router)
    : shared{loop,    options,
             {},      router,
             {},      {},
             {},      std::vector<char>(kReadBytes),
             nullptr, {},
             {},      {},
             {},      AnswerRoom(options.answer_bytes_max)} {
  shared.removed = [this] { finish_if_empty(); };
  shared.room_wanted = [this] { watch_room(); };
  uv_prepare_init(loop, &prepare);
  uv_check_init(loop, &check);
  uv_timer_init(loop, &grace);
  uv_timer_init(loop, &room);
  prepare.data = check.data = grace.data = room.data = this;
  open_handles = 4;
  uv_prepare_start(&prepare,
                   [](uv_prepare_t* handle) { static_cast<Impl*>(handle->data)->go_on_touched(); });
  uv_check_start(&check,
                 [](uv_check_t* handle) { static_cast<Impl*>(handle->data)->go_on_touched(); });
  uv_unref(as_handle(&prepare));
  uv_unref(as_handle(&check));
}

void Server::Impl::listen(std::unique_ptr<Listener> listener) {
  listener->start([this](int socket) { accept(socket); });
  listeners.push_back(std::move(listener));
}

void Server::Impl::accept(int socket) {
  const bool full = shared.stats.connections >= shared.options.connections_max;
  if (full && !shared.end_longest_idle()) {
    ++shared.stats.connections_refused;
    ::close(socket);
    return;
  }
  Connection::accept(shared, socket);
}

void Server::Impl::go_on_touched() {
  while (!shared.touched.empty()) {
    for (Connection* connection : std::exchange(shared.touched, {})) {
      connection->touched = false;
      connection->advance({});
    }
    if (!shared.room.waiting.empty()) shared.give_room();
  }
}

void Server::Impl::close(std::uint64_t grace_millis, std::function<void()> told) {
  CHECK(!shared.closing);
  shared.closing = true;
  closed = std::move(told);
  for (auto& listener : listeners) {
    listener->close([this] {
      ++listeners_closed;
      finish_if_empty();
    });
  }
  auto on_grace = [](uv_timer_t* timer) {
    for (Connection* left : std::vector(static_cast<Impl*>(timer->data)->shared.all)) {
      left->destroy();
    }
  };
  uv_timer_start(&grace, on_grace, grace_millis, 0);
  for (Connection* connection : std::vector(shared.all)) connection->drain();
}

// Room becomes free when clients read their answers, which no single place sees, and when time
// passes.
void Server::Impl::watch_room() {
  auto look = [](uv_timer_t* timer) {
    auto& self = *static_cast<Impl*>(timer->data);
    self.shared.give_room();
    if (self.shared.room.waiting.empty()) uv_timer_stop(timer);
  };
  if (uv_is_active(as_handle(&room)) == 0) uv_timer_start(&room, look, kRoomMillis, kRoomMillis);
}

void Server::Impl::finish_if_empty() {
  if (listeners_closed < listeners.size() || !shared.all.empty()) return;
  for (uv_handle_t* handle :
       {as_handle(&prepare), as_handle(&check), as_handle(&grace), as_handle(&room)}) {
    uv_close(handle, on_closed);
  }
}

void Server::Impl::on_closed(uv_handle_t* handle) {
  auto* self = static_cast<Impl*>(handle->data);
  if (--self->open_handles > 0) return;
  auto told = std::move(self->closed);
  if (told != nullptr) told();  // it may destroy this object
}

base::Result<std::unique_ptr<Server>> Server::open(uv_loop_t* loop, const std::string& host,
                                                   std::uint16_t port, const Options& options,
                                                   const Router& router) {
  ASSIGN_OR_RETURN(auto listener, Listener::open(loop, host, port));
  ignore_broken_pipes();
  auto impl = std::make_unique<Impl>(loop, options, router);
  impl->address = host_and_port(host, listener->port());
  impl->shared.doors = make_doors(host, listener->port(), options);
  impl->listen(std::move(listener));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

base::Status Server::listen_unix(const std::string& path) {
  ASSIGN_OR_RETURN(auto listener, Listener::open_unix(impl_->shared.loop, path));
  impl_->listen(std::move(listener));
  return {};
}

void Server::set_tls(std::shared_ptr<TlsContext> tls) { impl_->shared.tls = std::move(tls); }

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { CHECK(impl_->open_handles == 0); }
std::uint16_t Server::port() const { return impl_->listeners.front()->port(); }
std::string Server::address() const { return impl_->address; }
void Server::close(std::uint64_t grace_millis, std::function<void()> closed) {
  impl_->close(grace_millis, std::move(closed));
}
Stats Server::stats() const {
  Stats stats = impl_->shared.stats;
  stats.answer_bytes = impl_->shared.room.used();
  stats.answers_wait = impl_->shared.room.waiting.size();
  return stats;
}

}  // namespace http
