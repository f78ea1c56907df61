// Rule 13: a full disk stops writing, not the mesh, and writing comes back without a restart.

#include <gtest/gtest.h>
#include <unistd.h>

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
  command.environment = {{"HEARSAY_MARK_DIR", folder / "marks"}};
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

}  // namespace
}  // namespace cluster
