// Runs the program `hearsay-bench` and checks what it prints, and that it leaves no process and no
// file.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/process.h"
#include "tests/support/scoped_directory.h"

namespace bench {
namespace {

support::Outcome run_bench(std::vector<std::string> arguments) {
  support::Command command;
  command.arguments = {HEARSAY_BIN_DIR "/hearsay-bench"};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  auto outcome = support::run(command, support::Millis{60'000});
  return outcome.ok() ? *outcome : support::Outcome{-1, "", outcome.error().message};
}

TEST(BenchProgram, FloorSpreadsEveryChangeAndLeavesNoFile) {
  support::ScopedDirectory directory;

  auto outcome = run_bench({"floor", "--sizes", "2,4", "--changes", "5", "-o", "json", "--dir",
                            directory.path().string()});

  ASSERT_EQ(outcome.status, 0) << outcome.errors;
  auto json = nlohmann::json::parse(outcome.output);
  ASSERT_EQ(json["rows"].size(), 2u);
  EXPECT_EQ(json["rows"][1]["processes"], 4);
  EXPECT_EQ(json["rows"][1]["changes"], 5);
  EXPECT_GT(json["rows"][1]["median_ms"], 0);
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(BenchProgram, RawWritesGrowWithTheClientsThatShareACommit) {
  support::ScopedDirectory directory;

  auto outcome = run_bench(
      {"writes-floor", "--seconds", "0.3", "-o", "json", "--dir", directory.path().string()});

  ASSERT_EQ(outcome.status, 0) << outcome.errors;
  auto json = nlohmann::json::parse(outcome.output);
  EXPECT_GT(json["rows"][1]["writes_per_s"], json["rows"][0]["writes_per_s"]);
}

// Three agents: one is killed, one is stopped (SIGSTOP), each once. No other program is installed
// to compare with.
TEST(BenchProgram, MeshTellsWhenALostMemberIsKnown) {
  support::ScopedDirectory directory;

  auto outcome = run_bench({"mesh", "--agents", "3", "--runs", "1", "--rows", "crash",
                            "--memberlist", "/nowhere", "--serf", "/nowhere", "-o", "json", "--dir",
                            directory.path().string()});

  ASSERT_EQ(outcome.status, 0) << outcome.errors;
  auto json = nlohmann::json::parse(outcome.output);
  std::set<std::string> measured;
  for (const auto& row : json["rows"]) {
    if (row["program"] == "hearsay") {
      EXPECT_GT(row["median"], 0) << row;
      measured.insert(row["what"]);
    } else {
      EXPECT_EQ(row["unit"], "not run");
    }
  }
  EXPECT_EQ(measured.size(), 4u) << outcome.output;
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(BenchProgram, SaysWhatIsWrong) {
  EXPECT_EQ(run_bench({}).status, 2);
  EXPECT_EQ(run_bench({"floor", "--sizes", "1"}).status, 2);
  EXPECT_EQ(run_bench({"mesh", "--rows", "weather"}).status, 2);
  EXPECT_EQ(run_bench({"floor", "--dir", "/nowhere/at/all"}).status, 3);
  EXPECT_EQ(run_bench({"--help"}).status, 0);
  auto missing = run_bench({"get", "--hearsay", "/no/such/program"});
  EXPECT_NE(missing.status, 0);
  EXPECT_NE(missing.errors.find("/no/such/program"), std::string::npos) << missing.errors;
}

}  // namespace
}  // namespace bench
