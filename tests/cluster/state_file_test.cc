// A state carried as a file between two real agents that never reach each other.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/cluster/cluster.h"

namespace cluster {
namespace {

std::string digest_of(AgentProcess& agent) {
  auto status = agent.client().get("/v1/status");
  EXPECT_TRUE(status.ok());
  return status.ok() ? json_field(status->body, "digest") : "";
}

TEST(StateFile, BringsTwoAgentsThatNeverMeetToOneState) {
  Cluster alone(0);
  AgentProcess* a = &alone.add(alone.usual("a"));
  support::AgentOptions options = alone.usual("z");
  options.join.clear();
  AgentProcess* z = &alone.add(options);
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(add_snapshot(*a, "s" + std::to_string(i)));
  ASSERT_EQ(command(*a, {"objects", "insert", "note", "--at", "0", "written at a"}).status, 0);
  ASSERT_TRUE(add_snapshot(*z, "own"));
  const std::string file = alone.folder() / "a.state";

  const auto exported = command(*a, {"export", "--state", file});
  ASSERT_EQ(exported.status, 0) << exported.errors;
  const auto imported = command(*z, {"import", "--state", file});

  EXPECT_EQ(imported.status, 0) << imported.errors;
  EXPECT_EQ(imported.output,
            "613 cells added, 0 removed; 1 object new, 1 changed, 0 removed; 1 text changed; 1 own "
            "change kept that the other side did not have\n");
  EXPECT_EQ(get_snapshot(*z, "s7"), get_snapshot(*a, "s7"));
  EXPECT_NE(get_snapshot(*z, "own"), "");
  ASSERT_EQ(command(*z, {"snapshots", "rm", "s7"}).status, 0);
  EXPECT_EQ(command(*z, {"import", "--state", file}).output,
            "0 cells added, 0 removed; 0 objects new, 0 changed, 0 removed; 0 texts changed; 0 own "
            "changes kept that the other side did not have\n");
  EXPECT_EQ(get_snapshot(*z, "s7"), "");
  ASSERT_EQ(command(*z, {"export", "--state", file}).status, 0);
  ASSERT_EQ(command(*a, {"import", "--state", file}).status, 0);
  EXPECT_EQ(get_snapshot(*a, "s7"), "");
  EXPECT_EQ(digest_of(*a), digest_of(*z));

  // A file that was cut changes nothing.
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 9);
  const auto cut = command(*a, {"import", "--state", file});
  EXPECT_EQ(cut.status, 1);
  EXPECT_NE(cut.errors.find("it was cut"), std::string::npos) << cut.errors;
  EXPECT_GE(metric(*z, "hearsay_database_written_bytes_total"), 4'096u);
}

}  // namespace
}  // namespace cluster
