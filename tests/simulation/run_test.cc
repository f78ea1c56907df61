#include "tools/simulator/run.h"

#include <gtest/gtest.h>

namespace simulation {
namespace {

TEST(Run, TheSameSeedGivesTheSameRun) {
  for (std::uint64_t seed : {3u, 8u, 21u}) {
    Report first = run(Settings::draw(seed, 6));
    Report second = run(Settings::draw(seed, 6));

    EXPECT_EQ(first.hash, second.hash) << "seed " << seed;
    EXPECT_EQ(first.events, second.events) << "seed " << seed;
  }
}

TEST(Run, AnotherSeedGivesAnotherRun) {
  EXPECT_NE(run(Settings::draw(3, 6)).hash, run(Settings::draw(4, 6)).hash);
}

TEST(Run, WithoutFaultsNothingIsLostOnTheWay) {
  Settings settings = Settings::draw(5, 5);
  settings.enabled.clear();
  settings.weather = {};

  Report report = run(settings);

  EXPECT_TRUE(report.passed()) << text_of(report);
  EXPECT_EQ(report.events["datagrams refused"], 0u);
  EXPECT_GT(report.events["requests"], 50u);
}

TEST(Run, TheTraceHasOneColumnANode) {
  std::vector<std::string> lines;
  Settings settings = Settings::draw(5, 3);
  settings.chaos = base::seconds(5);

  run(settings, [&](const std::string& line) { lines.push_back(line); });

  ASSERT_FALSE(lines.empty());
  EXPECT_NE(lines.front().find("| A"), std::string::npos);
  EXPECT_NE(lines.front().find("| C"), std::string::npos);
}

}  // namespace
}  // namespace simulation
