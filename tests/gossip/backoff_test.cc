#include "gossip/reconcile/backoff.h"

#include <gtest/gtest.h>

#include <climits>
#include <set>

namespace gossip::testing {
namespace {

struct Delays {
  explicit Delays(std::uint64_t seed) : backoff(profile, base::Random::from_number(seed)) {}
  Profile profile = *profile_from_name("lan");
  Backoff backoff;
};

TEST(Backoff, ADelayIsBetweenTheLeastAndTwiceTheLeast) {
  Delays delays(1);
  const base::Duration least = base::nanos(3);
  std::set<std::int64_t> seen;

  for (int i = 0; i < 200; ++i) seen.insert(delays.backoff.about(least).nanos);

  EXPECT_EQ(seen, (std::set<std::int64_t>{3, 4, 5, 6}));
}

TEST(Backoff, NoDelayStaysNoDelay) { EXPECT_EQ(Delays(1).backoff.about({}), base::Duration{}); }

TEST(Backoff, DoublesWithEachTryUpToItsBound) {
  Delays delays(2);
  const base::Duration ping = delays.profile.ping_interval;
  int gap = 1;

  for (int tries = 0; tries < 50; ++tries) {
    base::Duration delay = delays.backoff.after(tries);
    EXPECT_GE(delay, ping * gap) << tries;
    EXPECT_LE(delay, ping * gap * 2) << tries;
    gap = std::min(gap * 2, kStallGapMax);
  }
  EXPECT_EQ(gap, kStallGapMax);
  EXPECT_LE(delays.backoff.after(INT_MAX), ping * kStallGapMax * 2);
}

// Agents that failed at the same moment must not try again at the same moment.
TEST(Backoff, TwoAgentsDoNotTryAgainTogether) {
  Delays a(3);
  Delays z(4);

  EXPECT_NE(a.backoff.after(0), z.backoff.after(0));
}

// The simulator repeats a run from its seed. So each call must draw equally many random numbers.
TEST(Backoff, TheSameSeedGivesTheSameDelays) {
  Delays once(5);
  Delays again(5);

  for (int tries = 0; tries < 10; ++tries) {
    EXPECT_EQ(once.backoff.after(tries), again.backoff.after(tries));
  }
}

}  // namespace
}  // namespace gossip::testing
