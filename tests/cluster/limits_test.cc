// Hosts that lack something: no free descriptors, a peer that does not read, a disk that takes
// seconds for a flush.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "tests/cluster/cluster.h"
#include "tests/cluster/history.h"
#include "tools/probe/connection.h"

namespace cluster {
namespace {

// A sanitizer keeps freed memory, so with one the size of the process proves nothing.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

std::string proc(AgentProcess& agent, const std::string& name) {
  return "/proc/" + std::to_string(agent.process().pid()) + "/" + name;
}

std::size_t open_descriptors(AgentProcess& agent) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(proc(agent, "fd"))) {
    ++count;
  }
  return count;
}

void limit_descriptors(AgentProcess& agent, std::size_t count) {
  rlimit limit{count, count};
  ASSERT_EQ(::prlimit(agent.process().pid(), RLIMIT_NOFILE, &limit, nullptr), 0);
}

std::size_t resident_mebibytes(AgentProcess& agent) {
  std::string status = support::read_file(proc(agent, "status"));
  auto at = status.find("VmRSS:");
  return at == std::string::npos ? 0 : std::stoul(status.substr(at + 6)) / 1'024;
}

TEST(Limits, WithoutDescriptorsTheDataGoesOnAndNewClientsComeInLater) {
  Cluster mesh(3);
  ASSERT_TRUE(mesh.all_alive(3, kAgree)) << mesh.states();
  probe::HttpClient held = mesh[0].client();
  ASSERT_EQ(held.post("/snapshots/add/before", "{}")->status, 200);
  ASSERT_TRUE(mesh.converged(kAgree)) << mesh.states();

  std::size_t limit = open_descriptors(mesh[0]) + 4;
  limit_descriptors(mesh[0], limit);
  std::vector<std::unique_ptr<probe::Connection>> crowd;
  for (int i = 0; i < 60; ++i) {
    for (const std::string& address : {mesh[0].http(), mesh[0].bind()}) {
      auto connection = probe::Connection::open(address);
      if (connection.ok()) crowd.push_back(std::move(*connection));
    }
  }
  EXPECT_TRUE(support::eventually(kAgree, [&] { return open_descriptors(mesh[0]) >= limit; }));
  auto written = held.post("/snapshots/add/crowded", "{}");
  ASSERT_TRUE(written.ok()) << written.error().message << mesh[0].log();
  EXPECT_EQ(written->status, 200) << written->body;
  ASSERT_TRUE(add_snapshot(mesh[1], "outside"));
  EXPECT_TRUE(support::eventually(kAgree, [&] {
    auto there = held.get("/v1/objects/snapshots/outside");
    return there.ok() && there->status == 200;
  })) << mesh[0].log();
  EXPECT_TRUE(support::eventually(kAgree, [&] { return get_snapshot(mesh[2], "crowded") == "{}"; }))
      << mesh[0].log();
  crowd.clear();

  EXPECT_TRUE(support::eventually(kAgree, [&] {
    auto health = mesh[0].client(Millis{1'000}).get("/healthz");
    return health.ok() && health->status == 200;
  })) << mesh[0].log();
  EXPECT_TRUE(mesh.all_alive(3, kAgree)) << mesh.states();
  std::string large = noise_metadata(300'000);
  EXPECT_TRUE(add_snapshot(mesh[2], "large", large));  // comes on a session
  EXPECT_TRUE(mesh.converged(kAgree)) << mesh.states();
}

// A peer stops reading in the middle of a stream of large values. The memory that waits for it is
// bounded, and the third agent gets everything in the meantime.
TEST(Limits, APeerThatDoesNotReadCostsBoundedMemoryAndNobodyElse) {
  constexpr int kValues = 120;
  Cluster mesh(3);
  ASSERT_TRUE(mesh.all_alive(3, kAgree)) << mesh.states();
  std::string large = noise_metadata(900'000);
  ASSERT_TRUE(add_snapshot(mesh[0], "first", large));
  ASSERT_TRUE(mesh.converged(kAgree)) << mesh.states();
  std::size_t before = resident_mebibytes(mesh[0]);

  std::size_t most = 0;
  for (int i = 0; i < kValues; ++i) {
    if (i == 5) mesh[1].process().signal(SIGSTOP);
    ASSERT_TRUE(add_snapshot(mesh[0], "v" + std::to_string(i), large));
    most = std::max(most, resident_mebibytes(mesh[0]));
  }

  std::string last = "/v1/objects/snapshots/v" + std::to_string(kValues - 1);
  EXPECT_TRUE(support::eventually(kAgree, [&] {
    auto there = mesh[2].client().get(last);
    return there.ok() && there->status == 200;
  })) << mesh.states();
  // The queue of a session (32 MiB), a page cache, and what the allocator keeps of all that.
  if (!kSanitized) {
    EXPECT_LT(most, before + 150) << "from " << before;
  }
  mesh[1].process().signal(SIGCONT);
  EXPECT_TRUE(mesh.all_alive(3, kAgree)) << mesh.states();
  EXPECT_TRUE(mesh.converged(Millis{60'000})) << mesh.states();
}

// Every flush of one agent takes longer than the silence after which a member is declared dead. Its
// clients wait; its membership and its readers do not (rule 10).
TEST(Limits, ASlowFlushCostsNoMembershipAndNoReader) {
  if (system("command -v strace >/dev/null 2>&1") != 0) GTEST_SKIP() << "strace is not installed";
  Cluster mesh(0);
  for (const char* name : {"n1", "n2", "n3"}) {
    auto options = mesh.usual(name);
    options.profile = "lan";
    mesh.add(options);
  }
  ASSERT_TRUE(mesh.all_alive(3, kAgree)) << mesh.states();
  ASSERT_TRUE(add_snapshot(mesh[1], "x"));
  ASSERT_TRUE(mesh.converged(kAgree)) << mesh.states();
  support::Command command;
  command.arguments = {"strace", "-f",
                       "-e",     "trace=fsync,fdatasync",
                       "-e",     "inject=fsync,fdatasync:delay_exit=3500000",
                       "-p",     std::to_string(mesh[1].process().pid())};
  auto slow = support::Process::start(command);
  ASSERT_TRUE(slow.ok());
  bool attached = support::eventually(Millis{10'000}, [&] {
    return (*slow)->errors().find("attached") != std::string::npos || !(*slow)->running();
  });
  if (!attached || !(*slow)->running()) GTEST_SKIP() << "no tracing here: " << (*slow)->errors();

  std::atomic<bool> acknowledged{false};
  std::thread client([&] { acknowledged = add_snapshot(mesh[1], "slow"); });
  EXPECT_TRUE(support::eventually(kAgree, [&] {
    return (*slow)->errors().find("DELAYED") != std::string::npos || acknowledged;
  }));
  int reads = 0;
  while (!acknowledged && reads < 10'000) {
    auto read = mesh[1].client(Millis{2'000}).get("/v1/objects/snapshots/x");
    EXPECT_TRUE(read.ok() && read->status == 200);
    ++reads;
    if (!read.ok()) break;
  }
  client.join();

  EXPECT_TRUE(acknowledged);
  EXPECT_NE((*slow)->errors().find("DELAYED"), std::string::npos) << (*slow)->errors();
  for (std::size_t i = 0; i < mesh.size(); ++i) {
    EXPECT_EQ(mesh[i].log().find("member_down"), std::string::npos) << mesh[i].log();
  }
  (*slow)->signal(SIGTERM);
  (*slow)->wait(kAgree);
  EXPECT_TRUE(mesh.converged(kAgree)) << mesh.states();
}

}  // namespace
}  // namespace cluster
