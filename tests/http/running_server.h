#pragma once

// A server on a loop and a thread of its own, for tests that speak to it over loopback.

#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "agent/http/server.h"
#include "agent/http/tls.h"

namespace http::testing {

struct Doorways {
  std::string unix_socket;          // empty: none
  std::shared_ptr<TlsContext> tls;  // null: plain TCP
};

class RunningServer {
 public:
  using Fill = std::function<void(Router& router, uv_loop_t* loop)>;

  explicit RunningServer(const Fill& fill, Options options = {}, std::string host = "127.0.0.1",
                         const Doorways& doorways = {});
  ~RunningServer();  // stops, and checks that every handle was closed

  std::uint16_t port() const { return port_; }
  Server& server() { return *server_; }  // in on_loop() only
  void stop(std::uint64_t grace_millis = 2'000);
  // Runs `task` on the loop thread and waits for it.
  void on_loop(std::function<void()> task);
  Stats stats();

 private:
  void run_task();

  uv_loop_t loop_{};
  uv_async_t async_{};
  std::mutex mutex_;
  std::function<void()> task_;
  Router router_;
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
  bool stopped_ = false;
};

}  // namespace http::testing
