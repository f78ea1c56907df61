// A data directory that is moved or removed while its agent runs.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>

#include "tests/agent/running_daemon.h"

namespace agent {
namespace {

// A write into a directory that no restart would find must not be acknowledged.
TEST(Displaced, WritesAreRefusedUntilTheDirectoryIsBackAndReadsGoOn) {
  support::ScopedDirectory folder;
  make_key(folder);
  RunningDaemon a(options_in(folder, "a"));
  probe::HttpClient client = a.client();
  ASSERT_EQ(client.post("/snapshots/add/s", "{}")->status, 200);

  std::filesystem::rename(folder / "a", folder / "moved");
  auto refused = client.post("/snapshots/add/t", "{}");
  auto read = client.get("/catalog/query?type=snapshots");
  auto ready = client.get("/readyz");
  auto status = client.get("/v1/status");
  std::filesystem::rename(folder / "moved", folder / "a");
  bool goes_on = support::eventually(support::Millis{10'000}, [&] {
    return client.post("/snapshots/add/u", "{}")->status == 200;
  });

  EXPECT_EQ(refused->status, 503);
  EXPECT_NE(refused->body.find("\"read_only\""), std::string::npos) << refused->body;
  EXPECT_NE(refused->body.find("is gone"), std::string::npos) << refused->body;
  EXPECT_EQ(read->status, 200);
  EXPECT_NE(read->body.find("\"s\""), std::string::npos);
  EXPECT_EQ(ready->status, 503);
  EXPECT_NE(status->body.find("\"state\":\"degraded\""), std::string::npos) << status->body;
  EXPECT_TRUE(goes_on);
  EXPECT_EQ(client.get("/readyz")->status, 200);
}

// SQLite removes the side files of a database by their path when its last connection closes.
TEST(Displaced, AnAgentThatStopsLeavesTheFilesOfTheNextOneAlone) {
  support::ScopedDirectory folder;
  make_key(folder);
  auto first = std::make_unique<RunningDaemon>(options_in(folder, "a"));
  ASSERT_EQ(first->client().post("/snapshots/add/s", "{}")->status, 200);
  std::filesystem::rename(folder / "a", folder / "moved");
  RunningDaemon next(options_in(folder, "a"));
  ASSERT_EQ(next.client().post("/snapshots/add/t", "{}")->status, 200);

  first.reset();

  for (const char* file : {"a/hearsay.db-wal", "a/hearsay.db", "a/lock"}) {
    EXPECT_TRUE(std::filesystem::exists(folder / file)) << file;
  }
  EXPECT_EQ(next.client().post("/snapshots/add/u", "{}")->status, 200);
}

TEST(Displaced, AnAgentThatIsIdleNoticesWithinSeconds) {
  support::ScopedDirectory folder;
  make_key(folder);
  RunningDaemon a(options_in(folder, "a"));
  probe::HttpClient client = a.client();
  ASSERT_EQ(client.get("/readyz")->status, 200);

  std::filesystem::remove_all(folder / "a");

  EXPECT_TRUE(support::eventually(support::Millis{5'000},
                                  [&] { return client.get("/readyz")->status == 503; }));
}

}  // namespace
}  // namespace agent
