#include "tests/http/running_server.h"

#include <future>
#include <utility>

#include "crdt/base/check.h"

namespace http::testing {

RunningServer::RunningServer(const Fill& fill, Options options, std::string host,
                             const Doorways& doorways) {
  CHECK(uv_loop_init(&loop_) == 0);
  uv_async_init(&loop_, &async_,
                [](uv_async_t* async) { static_cast<RunningServer*>(async->data)->run_task(); });
  async_.data = this;
  fill(router_, &loop_);
  auto opened = Server::open(&loop_, host, 0, options, router_);
  CHECK(opened.ok());
  server_ = std::move(opened).value();
  port_ = server_->port();
  server_->set_tls(doorways.tls);
  if (!doorways.unix_socket.empty()) CHECK(server_->listen_unix(doorways.unix_socket).ok());
  thread_ = std::thread([this] { uv_run(&loop_, UV_RUN_DEFAULT); });
}

RunningServer::~RunningServer() { stop(); }

void RunningServer::on_loop(std::function<void()> task) {
  std::promise<void> done;
  {
    std::lock_guard lock(mutex_);
    task_ = [&] {
      task();
      done.set_value();
    };
  }
  uv_async_send(&async_);
  done.get_future().wait();
}

void RunningServer::run_task() {
  std::function<void()> task;
  {
    std::lock_guard lock(mutex_);
    task = std::exchange(task_, nullptr);
  }
  if (task != nullptr) task();
}

Stats RunningServer::stats() {
  Stats stats;
  on_loop([&] { stats = server_->stats(); });
  return stats;
}

void RunningServer::stop(std::uint64_t grace_millis) {
  if (std::exchange(stopped_, true)) return;
  std::promise<void> closed;
  on_loop([&] {
    server_->close(grace_millis, [&] {
      uv_close(reinterpret_cast<uv_handle_t*>(&async_), nullptr);
      closed.set_value();
    });
  });
  closed.get_future().wait();
  thread_.join();
  server_.reset();
  CHECK(uv_loop_close(&loop_) == 0);
}

}  // namespace http::testing
