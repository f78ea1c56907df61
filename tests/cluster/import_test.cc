// Real input: many records go through the ordinary write path, the agent is killed half-way, and
// all agents are compared.

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "tests/cluster/cluster.h"

namespace cluster {
namespace {

using Records = std::map<std::string, std::string>;  // id to metadata, as text with sorted keys

// Records like those of a package index. Their values have every form that JSON text may have.
Records write_records(const std::string& file, int count) {
  std::ofstream out(file);
  Records records;
  for (int i = 0; i < count; ++i) {
    std::string number = std::to_string(i);
    std::string id = "pkg-" + std::string(5 - number.size(), '0') + number + "_1:2.3~rc" + number;
    std::string metadata = R"({"package":"pkg-)" + number + R"(","sha256":")" +
                           std::string(64, static_cast<char>('a' + i % 6)) + R"(","size":)" +
                           std::to_string(i * 7919) + R"(,"version":"2.3 é\n"})";
    out << R"({"id":")" << id << R"(",)" << metadata.substr(1) << "\n";
    records[id] = metadata;
  }
  return records;
}

// Every entry of an agent, read page by page.
Records read_images(AgentProcess& agent) {
  Records records;
  auto listed = support::hearsay({"--http", agent.http(), "-o", "jsonl", "images", "ls"});
  EXPECT_TRUE(listed.ok());
  std::istringstream lines(listed->output);
  std::string line;
  while (std::getline(lines, line)) {
    auto fields = line.find(',');
    std::string id = line.substr(7, fields - 8);
    records[id] = "{" + line.substr(fields + 1);
  }
  return records;
}

TEST(Import, KilledHalfWayAndStartedAgainItIsCompleteOnAllAgents) {
  constexpr int kRecords = 30'000;
  Cluster mesh(3);
  ASSERT_TRUE(mesh.all_alive(3)) << mesh.states();
  std::string file = mesh.folder() / "records.jsonl";
  Records source = write_records(file, kRecords);
  support::Command command;
  command.arguments = {
      support::hearsay_program(), "--http", mesh[0].http(), "images", "import", file};

  auto importer = support::Process::start(command);
  ASSERT_TRUE(importer.ok());
  ASSERT_TRUE(support::eventually(Millis{20'000}, [&] {
    auto status = mesh[0].client().get("/v1/status");
    return status.ok() && std::stoi("0" + json_field(status->body, "cells")) > 20'000;
  }));
  (*importer)->signal(SIGKILL);
  mesh[0].kill9();
  (*importer)->wait(Millis{5'000});
  ASSERT_TRUE(mesh[0].restart().ok());
  auto again = support::hearsay({"--http", mesh[0].http(), "-o", "json", "images", "import", file});

  ASSERT_EQ(again->status, 0) << again->errors;
  int added = std::stoi(json_field(again->output, "added"));
  int unchanged = std::stoi(json_field(again->output, "unchanged"));
  EXPECT_EQ(added + unchanged, kRecords);
  EXPECT_GT(unchanged, 0);
  ASSERT_TRUE(mesh.converged(Millis{60'000})) << mesh.states();
  for (std::size_t i = 0; i < mesh.size(); ++i) EXPECT_EQ(read_images(mesh[i]), source) << i;
}

TEST(Import, ABadLineIsNamedAndEarlierBatchesStay) {
  Cluster mesh(1);
  std::string lines;
  for (int i = 0; i < 1500; ++i) lines += R"({"id":"i)" + std::to_string(i) + "\"}\n";
  lines += "{\"id\":\"bad\",}\n";

  auto outcome = support::hearsay({"--http", mesh[0].http(), "images", "import", "-"}, {}, lines);

  EXPECT_EQ(outcome->status, 1);
  EXPECT_NE(outcome->errors.find("1501"), std::string::npos) << outcome->errors;
  EXPECT_EQ(mesh[0].client().get("/v1/objects/images/i999")->status, 200);
}

// The example prints the package index of the host as JSON lines, and the import accepts them.
TEST(Import, TheHostsPackageIndexComesIn) {
  std::string script = HEARSAY_SOURCE_DIR "/tools/examples/debian-packages";
  support::Command command;
  command.arguments = {script};
  auto listed = support::run(command, Millis{60'000});
  ASSERT_TRUE(listed.ok()) << listed.error().message;
  if (listed->status == 1) {
    EXPECT_NE(listed->errors, "");
    GTEST_SKIP() << "this host has no package index: " << listed->errors;
  }
  auto records = std::count(listed->output.begin(), listed->output.end(), '\n');
  Cluster mesh(3);
  std::string file = mesh.folder() / "packages.jsonl";
  support::write_file(file, listed->output);

  auto imported =
      support::hearsay({"--http", mesh[0].http(), "-o", "json", "images", "import", file});

  ASSERT_TRUE(imported.ok()) << imported.error().message;
  ASSERT_EQ(imported->status, 0) << imported->errors;
  EXPECT_EQ(std::stol(json_field(imported->output, "added")), records);
  ASSERT_TRUE(mesh.converged(Millis{300'000})) << mesh.states();
  Records first = read_images(mesh[0]);
  EXPECT_EQ(static_cast<long>(first.size()), records);
  EXPECT_EQ(read_images(mesh[1]), first);
  EXPECT_EQ(read_images(mesh[2]), first);
}

}  // namespace
}  // namespace cluster
