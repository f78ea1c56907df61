#include "agent/flush_watch.h"

#include <gtest/gtest.h>

#include <vector>

namespace agent {
namespace {

base::Instant at_millis(std::int64_t number) { return base::Instant{0} + base::millis(number); }

TEST(FlushWatch, NothingIsFlushedTwice) {
  FlushWatch watch;

  EXPECT_FALSE(watch.is_due(at_millis(0), false, true));
  EXPECT_FALSE(watch.is_due(at_millis(10), true, false));
  EXPECT_TRUE(watch.is_due(at_millis(60), true, true));
  EXPECT_FALSE(watch.is_due(at_millis(70), false, true));
}

TEST(FlushWatch, TurnsThatDoNotEndAreFlushedAfterASecond) {
  FlushWatch watch;
  std::vector<std::int64_t> flushed;

  for (std::int64_t now = 5; now < 2'500; now += 10) {
    if (watch.is_due(at_millis(now), true, false)) flushed.push_back(now);
  }

  EXPECT_EQ(flushed, (std::vector<std::int64_t>{1'005, 2'015}));
}

// A turn with a write of our own has flushed everything: the second begins anew.
TEST(FlushWatch, TheSecondCountsFromTheFirstTurnThatIsNotOnTheMedium) {
  FlushWatch watch;
  EXPECT_FALSE(watch.is_due(at_millis(0), true, false));
  EXPECT_FALSE(watch.is_due(at_millis(900), false, false));

  EXPECT_FALSE(watch.is_due(at_millis(950), true, false));
  EXPECT_FALSE(watch.is_due(at_millis(1'100), true, false));
  EXPECT_TRUE(watch.is_due(at_millis(1'950), true, false));
}

}  // namespace
}  // namespace agent
