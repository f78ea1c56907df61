// A real agent comes back after the logs of its peers have pruned what it lacks.

#include <gtest/gtest.h>

#include "tests/cluster/cluster.h"
#include "tests/support/eventually.h"

namespace cluster {
namespace {

constexpr std::size_t kLargeDigits = 900'000;  // of one entry; compressed about half

TEST(Return, AfterALongAbsenceTheStatusSaysWhatTheStateJoinDid) {
  Cluster mesh(0);
  for (const char* name : {"a", "b", "c"}) {
    support::AgentOptions options = mesh.usual(name);
    options.more_arguments = {"--log-bytes", "1048576"};
    mesh.add(options);
  }
  AgentProcess& a = mesh[0];
  AgentProcess& away = mesh[2];
  ASSERT_TRUE(mesh.all_alive(3));
  ASSERT_TRUE(add_snapshot(a, "doomed"));
  ASSERT_EQ(command(a, {"objects", "insert", "note", "--at", "0", "hello"}).status, 0);
  ASSERT_TRUE(mesh.converged(kAgree)) << mesh.states();
  ASSERT_TRUE(away.stop().ok());

  ASSERT_EQ(command(a, {"snapshots", "rm", "doomed"}).status, 0);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(add_snapshot(a, "large" + std::to_string(i),
                             noise_metadata(kLargeDigits, static_cast<std::uint64_t>(i))));
  }
  ASSERT_EQ(command(a, {"objects", "insert", "note", "--at", "5", " there"}).status, 0);
  const auto pruned = [&] { return metric(a, "hearsay_log_bytes") <= 1'048'576; };
  ASSERT_TRUE(support::eventually(kAgree, pruned));
  ASSERT_TRUE(away.restart().ok());
  ASSERT_TRUE(add_snapshot(away, "mine"));
  ASSERT_TRUE(mesh.converged(kAgree)) << mesh.states();

  EXPECT_EQ(get_snapshot(away, "doomed"), "");
  EXPECT_NE(get_snapshot(a, "mine"), "");
  const auto status = away.client().get("/v1/status");
  ASSERT_TRUE(status.ok());
  EXPECT_NE(status->body.find(R"("last_merge":{"outcome":"merged","from":")"), std::string::npos)
      << status->body;
  const auto shown = command(away, {"status"});
  EXPECT_NE(shown.output.find("merged "), std::string::npos) << shown.output;
  EXPECT_GE(metric(away, "hearsay_join_cells_total{effect=\"added\"}"), 5u);
  EXPECT_GE(metric(away, "hearsay_join_cells_total{effect=\"removed\"}"), 1u);
  EXPECT_GE(metric(away, "hearsay_join_bytes_total"), kLargeDigits);
  EXPECT_GE(metric(a, "hearsay_database_written_changes_total"), 7u);
}

}  // namespace
}  // namespace cluster
