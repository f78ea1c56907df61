// Rule 13: a full disk stops writing, not the mesh, and writing comes back without a restart.

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/cluster/cluster.h"

namespace cluster {
namespace {

TEST(DiskFull, WritesAre507ReadsGoOnAndSpaceBringsWritingBack) {
  if (geteuid() != 0) GTEST_SKIP() << "mounting a small file system needs root";
  support::ScopedDirectory folder;
  std::string data = folder / "data";
  std::filesystem::create_directories(data);
  if (system(("unshare -m mount -t tmpfs -o size=1m none " + data).c_str()) != 0) {
    GTEST_SKIP() << "this host allows no private mount";
  }
  support::Command command;
  command.arguments = {"unshare",
                       "-m",
                       "sh",
                       "-c",
                       "mount -t tmpfs -o size=6m,mode=0700 none \"$1\" && shift && exec \"$@\"",
                       "sh",
                       data,
                       support::hearsay_program(),
                       "agent",
                       "--name",
                       "n1",
                       "--data-dir",
                       data,
                       "--bind",
                       "127.0.0.1:0",
                       "--http",
                       "127.0.0.1:0"};
  auto process = support::Process::start(command);
  ASSERT_TRUE(process.ok());
  std::string inside = "/proc/" + std::to_string((*process)->pid()) + "/root" + data;
  std::string http;
  ASSERT_TRUE(support::eventually(Millis{10'000}, [&] {
    http = json_field(support::read_file(inside + "/agent.json"), "http");
    return !http.empty();
  })) << (*process)->errors();
  support::HttpClient client(http);
  ASSERT_EQ(client.post("/snapshots/add/before", "{}")->status, 200);

  std::string value(50'000, 'v');
  int refused = 0;
  int acknowledged = 0;
  for (int i = 0; i < 300 && refused < 3; ++i) {
    auto answer =
        client.post("/snapshots/add/big" + std::to_string(i), R"({"v":")" + value + R"("})");
    ASSERT_TRUE(answer.ok());
    if (answer->status == 200) ++acknowledged;
    if (answer->status == 507) ++refused;
  }
  ASSERT_EQ(refused, 3);
  EXPECT_EQ(client.get("/v1/objects/snapshots/before")->status, 200);
  EXPECT_EQ(client.get("/healthz")->status, 200);
  EXPECT_EQ(client.get("/readyz")->status, 503);

  support::HttpClient again(http);
  ASSERT_EQ(system(("nsenter -m -t " + std::to_string((*process)->pid()) +
                    " mount -o remount,size=64m " + data)
                       .c_str()),
            0);
  EXPECT_TRUE(support::eventually(Millis{10'000}, [&] {
    auto ready = again.get("/readyz");
    return ready.ok() && ready->status == 200;
  })) << (*process)->errors();
  EXPECT_EQ(again.post("/snapshots/add/after", "{}")->status, 200);
  for (int i = 0; i < acknowledged; ++i) {
    EXPECT_EQ(again.get("/v1/objects/snapshots/big" + std::to_string(i) + "/v")->status, 200) << i;
  }
}

// The agent treats `ulimit -f` (LimitFSIZE of systemd) like a full disk, also at its next start.
TEST(DiskFull, ALimitOfFileSizeIsOne) {
  support::ScopedDirectory folder;
  const std::string data = folder / "data";
  for (int start = 0; start < 2; ++start) {
    support::Command command;
    command.arguments = {"sh",
                         "-c",
                         "ulimit -c 0; ulimit -f 4096; exec \"$0\" \"$@\"",
                         support::hearsay_program(),
                         "agent",
                         "--name",
                         "n1",
                         "--data-dir",
                         data,
                         "--bind",
                         "127.0.0.1:0",
                         "--http",
                         "127.0.0.1:0"};
    auto process = support::Process::start(command);
    ASSERT_TRUE(process.ok());
    std::string http;
    ASSERT_TRUE(support::eventually(Millis{10'000}, [&] {
      const std::string json = support::read_file(data + "/agent.json");
      if (json_field(json, "pid") == std::to_string((*process)->pid()))
        http = json_field(json, "http");
      return !http.empty();
    })) << (*process)->errors();
    support::HttpClient client(http);
    if (start == 0) {
      ASSERT_EQ(client.post("/snapshots/add/before", "{}")->status, 200);
    }

    const std::string value = R"({"v":")" + std::string(50'000, 'v') + R"("})";
    int status = 200;
    for (int i = 0; i < 300 && status == 200; ++i) {
      status = client.post("/snapshots/add/big" + std::to_string(i), value)->status;
    }

    EXPECT_EQ(status, 507);
    EXPECT_EQ(client.get("/v1/objects/snapshots/before")->status, 200);
    (*process)->signal(SIGKILL);
    (*process)->wait(Millis{10'000});
  }
}

// An agent on a file system of its own with blocks of 1 KiB: an image that is mounted where only
// this agent sees it. The image is still there when the agent has ended.
class OnSmallDisk {
 public:
  explicit OnSmallDisk(const support::ScopedDirectory& folder)
      : image_(folder / "image"), data_(folder / "data") {
    std::filesystem::create_directories(data_);
  }
  bool prepare() const {
    return system(("truncate -s 24M " + image_ + " && mkfs.ext4 -q -b 1024 " + image_ +
                   " && unshare -m mount -o loop " + image_ + " " + data_ + " 2>/dev/null")
                      .c_str()) == 0;
  }
  // True if the agent answers requests.
  bool start() {
    support::Command command;
    command.arguments = {"unshare",
                         "-m",
                         "sh",
                         "-c",
                         "mount -o loop \"$1\" \"$2\" && rm -f \"$2/agent.json\" && "
                         "chmod 700 \"$2\" && shift 2 && exec \"$@\"",
                         "sh",
                         image_,
                         data_,
                         support::hearsay_program(),
                         "agent",
                         "--name",
                         "n1",
                         "--data-dir",
                         data_,
                         "--bind",
                         "127.0.0.1:0",
                         "--http",
                         "127.0.0.1:0"};
    auto started = support::Process::start(command);
    if (!started.ok()) return false;
    process_ = std::move(*started);
    std::string http;
    support::eventually(Millis{10'000}, [&] {
      // The file of the run before is there until we remove it.
      const std::string json = support::read_file(inside() + "/agent.json");
      if (json_field(json, "pid") == std::to_string(process_->pid()))
        http = json_field(json, "http");
      return !http.empty() || !process_->running();
    });
    if (http.empty()) return false;
    client_ = std::make_unique<support::HttpClient>(http);
    return true;
  }
  // The mount ends with the last process in its namespace.
  int end(int signal) {
    process_->signal(signal);
    return process_->wait(Millis{20'000}).value_or(-1);
  }
  // Fills the file system to the last byte.
  void fill() {
    std::ofstream filler(inside() + "/filler", std::ios::binary | std::ios::app);
    const std::string block(1'024, 'z');
    while (filler.write(block.data(), 1'024).flush()) {
    }
  }
  void make_room() { std::filesystem::remove(inside() + "/filler"); }
  int get(const std::string& path) { return status_of(client_->get(path)); }
  int add(const std::string& id, const std::string& metadata = "{}") {
    return status_of(client_->post("/snapshots/add/" + id, metadata));
  }
  std::string errors() const { return process_ ? process_->errors() : ""; }

 private:
  static int status_of(const base::Result<support::HttpResponse>& answer) {
    return answer.ok() ? answer->status : 0;
  }
  std::string inside() const {
    return "/proc/" + std::to_string(process_->pid()) + "/root" + data_;
  }
  std::string image_, data_;
  std::unique_ptr<support::Process> process_;
  std::unique_ptr<support::HttpClient> client_;
};

TEST(DiskFull, AnAgentThatStartsOnAFullDiskServesReads) {
  if (geteuid() != 0) GTEST_SKIP() << "mounting a small file system needs root";
  support::ScopedDirectory folder;
  OnSmallDisk host(folder);
  if (!host.prepare()) GTEST_SKIP() << "no loop devices, or no private mounts";
  ASSERT_TRUE(host.start()) << host.errors();
  ASSERT_EQ(host.add("before"), 200);
  host.fill();
  const std::string large = R"({"v":")" + std::string(100'000, 'v') + R"("})";

  for (int signal : {SIGKILL, SIGTERM, SIGKILL, SIGTERM}) {
    EXPECT_TRUE(support::eventually(Millis{5'000}, [&] { return host.add("x", large) == 507; }));
    EXPECT_EQ(host.get("/v1/objects/snapshots/before"), 200);
    EXPECT_NE(host.end(signal), 128 + SIGBUS);
    ASSERT_TRUE(host.start()) << "after signal " << signal << ": " << host.errors();
    EXPECT_EQ(host.get("/v1/objects/snapshots/before"), 200);
    host.fill();
  }

  host.make_room();
  EXPECT_TRUE(support::eventually(Millis{10'000}, [&] { return host.add("after") == 200; }));
  EXPECT_EQ(host.end(SIGTERM), 0);
}

}  // namespace
}  // namespace cluster
