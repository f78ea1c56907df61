#include "agent/log.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

namespace agent {
namespace {

// A log whose clocks stand still until the test moves them.
struct Bench {
  std::int64_t wall = 1'767'225'600'123'456'789;  // 2026-01-01T00:00:00.123
  std::int64_t monotonic = 5;
  std::vector<std::string> lines;

  Log log(LogOptions options = {}) {
    return Log(options, {[this] { return wall; }, [this] { return monotonic; },
                         [this](std::string_view line) { lines.emplace_back(line); }});
  }
};

TEST(Log, ATextLineShowsTimeLevelEventAndFields) {
  Bench bench;
  auto log = bench.log();

  log.info("ready", {{"name", "n1"}, {"bind", std::string("0.0.0.0:7700")}, {"pid", 42}});
  log.error("odd", {{"text", "two words"}, {"empty", ""}, {"pair", "a=b"}, {"on", true}});

  ASSERT_EQ(bench.lines.size(), 2u);
  EXPECT_EQ(bench.lines[0],
            "2026-01-01T00:00:00.123Z info  ready name=n1 bind=0.0.0.0:7700 pid=42\n");
  EXPECT_EQ(bench.lines[1],
            "2026-01-01T00:00:00.123Z error odd text=\"two words\" empty=\"\" pair=\"a=b\" "
            "on=true\n");
}

TEST(Log, AJsonLineIsTypedJsonWhateverTheBytes) {
  Bench bench;
  LogOptions options;
  options.format = LogFormat::kJson;
  auto log = bench.log(options);
  std::string every;
  for (int i = 0; i < 256; ++i) every.push_back(static_cast<char>(i));

  log.warn("odd", {{"every", every},
                   {"big", std::numeric_limits<std::uint64_t>::max()},
                   {"small", std::numeric_limits<std::int64_t>::min()},
                   {"half", 0.5},
                   {"none", std::numeric_limits<double>::quiet_NaN()},
                   {"off", false}});

  ASSERT_EQ(bench.lines.size(), 1u);
  auto parsed = nlohmann::json::parse(bench.lines[0]);
  EXPECT_EQ(parsed["time"], "2026-01-01T00:00:00.123Z");
  EXPECT_EQ(parsed["level"], "warn");
  EXPECT_EQ(parsed["event"], "odd");
  EXPECT_EQ(parsed["big"], std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parsed["small"], std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parsed["half"], 0.5);
  EXPECT_TRUE(parsed["none"].is_null());
  EXPECT_EQ(parsed["off"], false);
  // When the first half is decoded, it equals the input: escaping loses nothing.
  EXPECT_EQ(parsed["every"].get<std::string>().substr(0, 128), every.substr(0, 128));
}

TEST(Log, NothingInAValueCanStartALineOrMoveATerminal) {
  Bench bench;
  auto log = bench.log();

  log.info("event", {{"a", "x\n2026 error forged"},
                     {"b", "\x1B[2J"},
                     {"c",
                      "\xC2\x9B"  // C1: CSI in one character
                      "31m\x7F"},
                     {"d", "\xE2\x80\xAE\xE2\x81\xA6\xE2\x80\xA8"},
                     {"e", "\xFF\xC0\x80"}});

  EXPECT_EQ(bench.lines.at(0),
            "2026-01-01T00:00:00.123Z info  event a=\"x\\n2026 error forged\" b=\"\\u001b[2J\" "
            "c=\"\\u009b31m\\u007f\" d=\"\\u202e\\u2066\\u2028\" "
            "e=\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"\n");
}

TEST(Log, LongValuesAreCutBetweenCharacters) {
  std::string euros;
  for (int i = 0; i < 100; ++i) euros += "\xE2\x82\xAC";

  auto cut = printable(euros, 256);
  auto whole = printable(std::string(256, 'x'), 256);
  auto broken = printable("\xE2\x82", 256);

  EXPECT_EQ(cut, euros.substr(0, 255) + "\xE2\x80\xA6");
  EXPECT_EQ(whole, std::string(256, 'x'));
  EXPECT_EQ(broken, "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Log, LevelsBelowAreNotWrittenAndMayChange) {
  Bench bench;
  auto log = bench.log();

  log.debug("hidden");
  log.set_level(LogLevel::kDebug);
  log.debug("shown");
  log.set_level(LogLevel::kError);
  log.warn("hidden");

  ASSERT_EQ(bench.lines.size(), 1u);
  EXPECT_EQ(bench.lines[0], "2026-01-01T00:00:00.123Z debug shown\n");
}

TEST(Log, AStormIsThinnedAndCountedPerEventAndKey) {
  Bench bench;
  auto log = bench.log();

  for (int i = 0; i < 25; ++i) log.warn("refused", {}, "a");
  log.warn("refused", {}, "z");
  log.warn("other", {}, "a");
  ASSERT_EQ(bench.lines.size(), 12u);
  bench.monotonic += 59'999'999'999;
  log.warn("refused", {}, "a");
  EXPECT_EQ(bench.lines.size(), 12u);
  bench.monotonic += 1;
  log.warn("refused", {}, "a");
  log.warn("refused", {}, "a");

  ASSERT_EQ(bench.lines.size(), 14u);
  EXPECT_EQ(bench.lines[12], "2026-01-01T00:00:00.123Z warn  refused suppressed=16\n");
  EXPECT_EQ(bench.lines[13], "2026-01-01T00:00:00.123Z warn  refused\n");
}

TEST(Log, HiddenLevelsUseUpNoRate) {
  Bench bench;
  auto log = bench.log();

  for (int i = 0; i < 25; ++i) log.debug("event");
  log.set_level(LogLevel::kDebug);
  log.debug("event");

  ASSERT_EQ(bench.lines.size(), 1u);
  EXPECT_EQ(bench.lines[0].find("suppressed"), std::string::npos);
}

TEST(Log, ManyKeysStayWithinTheBound) {
  Bench bench;
  LogOptions options;
  options.repeat_entries_max = 8;
  options.repeats_per_minute = 1;
  auto log = bench.log(options);

  for (int i = 0; i < 1000; ++i) log.warn("refused", {}, std::to_string(i));
  log.warn("refused", {}, "999");

  EXPECT_EQ(bench.lines.size(), 1000u);
}

TEST(Log, ManyThreadsWriteWholeLines) {
  Bench bench;
  LogOptions options;
  options.format = LogFormat::kJson;
  options.repeats_per_minute = 100'000;
  auto log = bench.log(options);
  std::vector<std::thread> threads;

  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&log, t] {
      for (int i = 0; i < 500; ++i) log.info("tick", {{"thread", t}, {"i", i}}, "k");
    });
  }
  for (auto& thread : threads) thread.join();

  ASSERT_EQ(bench.lines.size(), 2000u);
  for (const auto& line : bench.lines) EXPECT_TRUE(nlohmann::json::accept(line)) << line;
}

}  // namespace
}  // namespace agent
