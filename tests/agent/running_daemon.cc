#include "tests/agent/running_daemon.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <utility>

namespace agent {

RunningDaemon::RunningDaemon(DaemonOptions options) : options_(std::move(options)) {
  std::promise<std::string> served;
  auto address = served.get_future();
  thread_ = std::thread([this, &served] {
    Log log({LogLevel::kError});
    Daemon daemon(options_, log);
    auto started = daemon.start();
    EXPECT_TRUE(started.ok()) << started.error().message;
    daemon_ = &daemon;
    uv_async_init(daemon.loop(), &wake_,
                  [](uv_async_t* handle) { static_cast<RunningDaemon*>(handle->data)->woken(); });
    wake_.data = this;
    bind_ = daemon.facts().bind;
    served.set_value(daemon.facts().http);
    daemon.run();
  });
  http_ = address.get();
}

RunningDaemon::~RunningDaemon() {
  on_loop(nullptr);
  thread_.join();
}

void RunningDaemon::on_loop(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    task_ = std::move(task);
  }
  uv_async_send(&wake_);
}

void RunningDaemon::woken() {
  std::function<void()> task;
  {
    const std::lock_guard lock(mutex_);
    task.swap(task_);
  }
  if (task != nullptr) return task();
  daemon_->stop();
  uv_close(reinterpret_cast<uv_handle_t*>(&wake_), nullptr);
}

DaemonOptions options_in(const support::ScopedDirectory& folder, const std::string& name) {
  DaemonOptions options;
  options.name = name;
  options.data_dir = folder / name;
  options.key_file = folder / "mesh.key";
  options.http_host = "127.0.0.1";
  options.mesh.bind = *gossip::Address::parse("127.0.0.1:0");
  options.mesh.node.profile = *gossip::profile_from_name("local");
  return options;
}

void make_key(const support::ScopedDirectory& folder) {
  support::write_file(folder / "mesh.key", std::string(64, 'a') + "\n");
  std::filesystem::permissions(folder / "mesh.key", std::filesystem::perms::owner_read |
                                                        std::filesystem::perms::owner_write);
}

}  // namespace agent
