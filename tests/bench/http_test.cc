// `hearsay-bench http` with small sizes: every row comes out, and what it says is possible. No
// other program is installed to compare with, so the rows that need one say so.

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/process.h"
#include "tests/support/scoped_directory.h"
#include "tools/bench/http/typing.h"
#include "tools/bench/http/wrk.h"

namespace bench {
namespace {

using nlohmann::json;

support::Outcome run_http_bench(std::vector<std::string> arguments) {
  support::Command command;
  command.arguments = {HEARSAY_BIN_DIR "/hearsay-bench",
                       "http",
                       "-o",
                       "json",
                       "--wrk",
                       "/none",
                       "--nginx",
                       "/none",
                       "--peers",
                       "/none",
                       "--seconds",
                       "0.2"};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  auto outcome = support::run(command, support::Millis{110'000});
  return outcome.ok() ? *outcome : support::Outcome{-1, "", outcome.error().message};
}

// The first figure of each row, by the name of the row.
std::map<std::string, json> first_figures(const json& report) {
  std::map<std::string, json> figures;
  for (const json& row : report["rows"]) figures.try_emplace(row["row"].get<std::string>(), row);
  return figures;
}

TEST(HttpBench, MeasuresEveryRowAndSkipsThoseWhoseProgramIsMissing) {
  support::ScopedDirectory directory;

  auto outcome =
      run_http_bench({"--runs", "1", "--clients", "5", "--dir", directory.path().string()});

  ASSERT_EQ(outcome.status, 0) << outcome.errors;
  auto report = json::parse(outcome.output);
  auto figures = first_figures(report);
  ASSERT_EQ(figures.size(), 8u) << outcome.output;
  for (const char* name : {"sync", "fan-out", "keystroke", "relay", "idle", "write"}) {
    EXPECT_EQ(figures[name]["status"], "measured") << outcome.output;
    EXPECT_GT(figures[name]["hearsay"], 0) << figures[name];
  }
  for (const char* name : {"sync", "fan-out", "write"}) {
    EXPECT_GT(figures[name]["floor"], 0) << figures[name];
    EXPECT_GT(figures[name]["ratio"], 0) << figures[name];
  }
  for (const char* name : {"get", "get-tls"}) {
    EXPECT_EQ(figures[name]["status"], "skipped") << figures[name];
    EXPECT_TRUE(figures[name]["hearsay"].is_null());
  }
  EXPECT_TRUE(figures["keystroke"]["floor"].is_null());
  const std::string notes = report["notes"].dump();
  EXPECT_NE(notes.find("get: skipped: wrk is not installed"), notes.npos) << notes;
  EXPECT_NE(notes.find("y-websocket is not installed"), notes.npos) << notes;
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

// No keystroke can be faster than the relay.
TEST(HttpBench, AKeystrokeThroughTheRelayTakesItsDelay) {
  support::ScopedDirectory directory;

  auto outcome =
      run_http_bench({"--only", "relay", "--runs", "2", "--dir", directory.path().string()});

  ASSERT_EQ(outcome.status, 0) << outcome.errors;
  auto report = json::parse(outcome.output);
  ASSERT_EQ(report["rows"].size(), 2u);  // p99, median
  EXPECT_EQ(report["rows"][0]["runs"], 2);
  EXPECT_GE(report["rows"][1]["hearsay"], 20);
  EXPECT_GE(report["rows"][0]["hearsay"], report["rows"][1]["hearsay"]);
  EXPECT_GE(report["rows"][0]["worst_run"], report["rows"][0]["hearsay"]);
}

TEST(HttpBench, RefusesAnUnknownRow) {
  EXPECT_EQ(run_http_bench({"--only", "weather"}).status, 2);
  EXPECT_EQ(run_http_bench({"--clients", "2000"}).status, 2);
}

TEST(Wrk, ItsRateIsReadAndAnAnswerThatIsNoSuccessIsAnError) {
  const std::string start =
      "Running 1s test @ http://127.0.0.1:80/\n  1 threads and 50 connections\n"
      "  78846 requests in 1.00s, 63.99MB read\n";
  const std::string end = "Requests/sec:  78613.90\nTransfer/sec:     63.80MB\n";

  auto good = wrk_result_in(start + end);
  ASSERT_TRUE(good.ok());
  EXPECT_DOUBLE_EQ(good->per_second, 78613.9);
  EXPECT_FALSE(wrk_result_in(start + "  Non-2xx or 3xx responses: 5\n" + end).ok());
  EXPECT_FALSE(
      wrk_result_in(start + "  Socket errors: connect 0, read 3, write 0, timeout 0\n" + end).ok());
  EXPECT_FALSE(wrk_result_in("unable to connect to 127.0.0.1:80 Connection refused\n").ok());
}

TEST(ClientFrame, HasTheShortestLengthAndAMask) {
  for (const std::size_t size : {0u, 125u, 126u, 65'535u, 65'536u}) {
    const std::string frame = client_frame(false, std::string(size, 'x'));
    const std::size_t length_bytes = size < 126 ? 0 : size < 65'536 ? 2 : 8;

    EXPECT_EQ(static_cast<unsigned char>(frame[0]), 0x81);
    EXPECT_EQ(static_cast<unsigned char>(frame[1]) & 0x80, 0x80);
    EXPECT_EQ(frame.size(), 2 + length_bytes + 4 + size);
  }
}

}  // namespace
}  // namespace bench
