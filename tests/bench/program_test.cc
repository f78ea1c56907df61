// Runs the program `hearsay-bench` and checks what it prints, and that it leaves no process and no
// file.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
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

TEST(BenchProgram, TracesAndHistoriesEachGiveALineOfJson) {
  const std::string file = HEARSAY_SOURCE_DIR "/tests/data/histories/random-600.json.gz";
  support::ScopedDirectory directory;
  const std::string trace = (directory / "trace.json").string();
  std::ofstream(trace)
      << R"({"endContent": "b", "txns": [{"patches": [[0, 0, "a"], [0, 1, "b"]]}]})";

  auto histories = run_bench({"histories", file, "-o", "json"});
  auto traces = run_bench({"trace", trace, trace, "-o", "json"});

  ASSERT_EQ(histories.status, 0) << histories.errors;
  auto json = nlohmann::json::parse(histories.output);
  EXPECT_EQ(json["cases"], 600);
  EXPECT_EQ(json["right"], 600);
  EXPECT_EQ(json["wrong"], nlohmann::json::array());
  ASSERT_EQ(traces.status, 0) << traces.errors;
  ASSERT_EQ(std::count(traces.output.begin(), traces.output.end(), '\n'), 2);
  json = nlohmann::json::parse(traces.output.substr(0, traces.output.find('\n')));
  EXPECT_EQ(json["file"], trace);
  EXPECT_EQ(json["edits"], 2);
  EXPECT_EQ(json["ok"], true);
}

TEST(BenchProgram, ATraceThatIsWrongEndsWithOneAndTheOthersAreMeasured) {
  support::ScopedDirectory directory;
  const std::string wrong = (directory / "wrong.json").string();
  std::ofstream(wrong) << R"({"endContent": "?", "txns": [{"patches": [[0, 0, "a"]]}]})";
  const std::string bad = (directory / "bad.json").string();
  std::ofstream(bad) << std::string(1'000'000, '[');

  auto traces = run_bench({"trace", "/no/such/file", bad, wrong, "-o", "json"});
  auto histories = run_bench({"histories", wrong, "-o", "json"});

  EXPECT_EQ(traces.status, 1);
  EXPECT_NE(traces.errors.find("read /no/such/file: No such file"), std::string::npos);
  EXPECT_NE(traces.errors.find(bad + ": not JSON"), std::string::npos) << traces.errors;
  EXPECT_NE(traces.errors.find(wrong + ": the text at the end"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(traces.output)["ok"], false);
  EXPECT_EQ(histories.status, 1);
  EXPECT_EQ(nlohmann::json::parse(histories.output)["wrong"], nlohmann::json::array({0}));
}

// No library is installed in the folder; their rows say so.
TEST(BenchProgram, TypesHasARowForEveryLibraryAlsoForAMissingOne) {
  support::ScopedDirectory directory;
  const std::string trace = (directory / "trace.json").string();
  std::ofstream(trace) << R"({"endContent": "a", "txns": [{"patches": [[0, 0, "a"]]}]})";

  auto outcome = run_bench({"types", trace, "--runs", "2", "--elements", "20", "--peers",
                            directory.path().string(), "-o", "json"});

  ASSERT_EQ(outcome.status, 0) << outcome.errors;
  auto json = nlohmann::json::parse(outcome.output);
  ASSERT_EQ(json["rows"].size(), 6u);
  EXPECT_EQ(json["rows"][0]["library"], "hearsay");
  EXPECT_EQ(json["rows"][0]["text"], "right");
  EXPECT_GE(json["rows"][0]["remote_ms"], 0);
  for (std::size_t i = 1; i < 6; ++i) EXPECT_EQ(json["rows"][i]["text"], "not installed");
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
