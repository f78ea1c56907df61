#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "agent/daemon.h"
#include "tests/support/agent_process.h"
#include "tests/support/scoped_directory.h"

namespace agent {

// A daemon on a thread of its own. It is stopped as SIGTERM stops it: it leaves its loop.
class RunningDaemon {
 public:
  explicit RunningDaemon(DaemonOptions options);
  ~RunningDaemon();
  // Runs `task` soon, on the loop thread; without one the daemon stops.
  void on_loop(std::function<void()> task);
  probe::HttpClient client() const { return probe::HttpClient(http_); }
  const std::string& http() const { return http_; }
  const std::string& bind() const { return bind_; }
  Daemon& daemon() const { return *daemon_; }  // from its loop thread

 private:
  void woken();

  DaemonOptions options_;
  std::thread thread_;
  uv_async_t wake_{};
  std::mutex mutex_;
  std::function<void()> task_;  // guarded by mutex_
  Daemon* daemon_ = nullptr;
  std::string http_;
  std::string bind_;
};

// A key of a mesh in `folder`; the options of a daemon that uses it, with its data there.
void make_key(const support::ScopedDirectory& folder);
DaemonOptions options_in(const support::ScopedDirectory& folder, const std::string& name);

}  // namespace agent
