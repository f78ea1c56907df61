// Rule 13: a full disk stops writing, not the mesh, and writing comes back without a restart.

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/cluster/cluster.h"

namespace cluster {
namespace {

bool run_shell(const std::string& line) { return ::system(line.c_str()) == 0; }

// An agent alone, with little room for its data.
class DiskFull : public testing::Test {
 protected:
  // `through`: see AgentOptions.
  void set_through(std::vector<std::string> through) {
    options_.name = "n1";
    options_.root = folder_.path();
    options_.through = std::move(through);
    std::filesystem::create_directories(data());
  }
  // Its data will be on a file system of their own, with blocks of 1 KiB: an image that is mounted
  // where only this agent sees it. The mount ends with the last process in its namespace.
  bool make_small_disk() {
    const std::string image = folder_ / "image";
    set_through({"unshare", "-m", "sh", "-c",
                 R"(mount -o loop "$0" "$1" && chmod 700 "$1" && shift && exec "$@")", image,
                 (folder_ / "data").string()});
    return run_shell("truncate -s 24M " + image + " && mkfs.ext4 -q -b 1024 " + image +
                     " && unshare -m mount -o loop " + image + " " + data() + " 2>/dev/null");
  }
  // Leaves not a byte to anybody.
  void fill() {
    std::ofstream filler(filler_file(), std::ios::binary | std::ios::app);
    const std::string block(1'024, 'z');
    while (filler.write(block.data(), 1'024).flush()) {
    }
  }
  void make_room() { std::filesystem::remove(filler_file()); }
  // Starts it for the first time or again. Whether it serves.
  testing::AssertionResult start() {
    base::Status served;
    if (agent_) {
      served = agent_->restart();
    } else {
      auto started = support::AgentProcess::start(options_);
      if (!started.ok()) return testing::AssertionFailure() << started.error().message;
      agent_ = std::move(*started);
    }
    if (!served.ok()) return testing::AssertionFailure() << served.error().message;
    client_ = std::make_unique<probe::HttpClient>(agent_->client());
    return testing::AssertionSuccess();
  }
  int end(int signal) {
    agent_->process().signal(signal);
    return agent_->process().wait(Millis{20'000}).value_or(-1);
  }
  int get(const std::string& path) { return status_of(client_->get(path)); }
  int add(const std::string& id, const std::string& metadata = "{}") {
    return status_of(client_->post("/snapshots/add/" + id, metadata));
  }
  // Adds large entries until so many were refused as 507; returns how many were taken.
  int fill_with_entries(int refused) {
    int taken = 0;
    for (int i = 0; i < 300 && refused > 0; ++i) {
      int status = add("big" + std::to_string(taken), large(50'000));
      EXPECT_TRUE(status == 200 || status == 507) << status;
      if (status == 200) ++taken;
      if (status == 507) --refused;
    }
    EXPECT_EQ(refused, 0);
    return taken;
  }
  bool comes(int status, const std::function<int()>& asked) {
    return support::eventually(Millis{10'000}, [&] { return asked() == status; });
  }
  static std::string large(std::size_t bytes) {
    return R"({"v":")" + std::string(bytes, 'v') + R"("})";
  }
  std::string data() const { return (options_.root / "data").string(); }
  std::string log() const { return agent_ ? agent_->log() : ""; }

  support::ScopedDirectory folder_;
  support::AgentOptions options_;
  std::unique_ptr<support::AgentProcess> agent_;
  std::unique_ptr<probe::HttpClient> client_;

 private:
  std::filesystem::path filler_file() const { return agent_->seen_data_directory() / "filler"; }
  static int status_of(const base::Result<probe::HttpAnswer>& answer) {
    return answer.ok() ? answer->status : 0;
  }
};

TEST_F(DiskFull, WritesAre507ReadsGoOnAndSpaceBringsWritingBack) {
  if (geteuid() != 0) GTEST_SKIP() << "mounting a small file system needs root";
  set_through({"unshare", "-m", "sh", "-c",
               R"(mount -t tmpfs -o size=6m,mode=0700 none "$0" && exec "$@")",
               (folder_ / "data").string()});
  if (!run_shell("unshare -m mount -t tmpfs -o size=1m none " + data())) {
    GTEST_SKIP() << "this host allows no private mount";
  }
  ASSERT_TRUE(start());
  ASSERT_EQ(add("before"), 200);

  const int taken = fill_with_entries(3);
  EXPECT_EQ(get("/v1/objects/snapshots/before"), 200);
  EXPECT_EQ(get("/healthz"), 200);
  EXPECT_EQ(get("/readyz"), 503);

  ASSERT_TRUE(run_shell("nsenter -m -t " + std::to_string(agent_->process().pid()) +
                        " mount -o remount,size=64m " + data()));
  EXPECT_TRUE(comes(200, [&] { return get("/readyz"); })) << log();
  EXPECT_EQ(add("after"), 200);
  for (int i = 0; i < taken; ++i) {
    EXPECT_EQ(get("/v1/objects/snapshots/big" + std::to_string(i) + "/v"), 200) << i;
  }
}

// The agent treats `ulimit -f` (LimitFSIZE of systemd) like a full disk, also at its next start.
TEST_F(DiskFull, ALimitOfFileSizeIsOne) {
  set_through({"sh", "-c", R"(ulimit -c 0; ulimit -f 4096; exec "$0" "$@")"});
  for (bool first : {true, false}) {
    ASSERT_TRUE(start());
    if (first) {
      ASSERT_EQ(add("before"), 200);
    }

    fill_with_entries(1);

    EXPECT_EQ(get("/v1/objects/snapshots/before"), 200);
    agent_->kill9();
  }
}

// An agent on a file system of its own with blocks of 1 KiB: an image that is mounted where only
// this agent sees it. The image is still there when the agent has ended.
TEST_F(DiskFull, AnAgentThatStartsOnAFullDiskServesReads) {
  if (geteuid() != 0) GTEST_SKIP() << "mounting a small file system needs root";
  if (!make_small_disk()) GTEST_SKIP() << "no loop devices, or no private mounts";
  ASSERT_TRUE(start());
  ASSERT_EQ(add("before"), 200);
  fill();

  for (int signal : {SIGKILL, SIGTERM, SIGKILL, SIGTERM}) {
    EXPECT_TRUE(comes(507, [&] { return add("x", large(100'000)); }));
    EXPECT_EQ(get("/v1/objects/snapshots/before"), 200);
    EXPECT_NE(end(signal), 128 + SIGBUS);
    ASSERT_TRUE(start()) << "after signal " << signal;
    EXPECT_EQ(get("/v1/objects/snapshots/before"), 200);
    fill();
  }

  make_room();
  EXPECT_TRUE(comes(200, [&] { return add("after"); }));
  EXPECT_EQ(end(SIGTERM), 0);
}

}  // namespace
}  // namespace cluster
