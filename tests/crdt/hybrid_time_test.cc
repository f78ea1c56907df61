#include "crdt/hybrid_time.h"

#include <gtest/gtest.h>

#include "crdt/base/random.h"

namespace crdt {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kBuild = 1'700'000'000 * kSecond;
constexpr std::int64_t kToday = 1'750'000'000 * kSecond;
constexpr std::int64_t kDrift = 300 * kSecond;

base::Now at(std::int64_t wall, bool synchronised = false) { return {{}, wall, synchronised}; }
HybridClock clock_at(std::int64_t nanos, std::uint32_t counter = 0) {
  return HybridClock({nanos, counter}, {base::seconds(300), kBuild});
}

TEST(HybridTime, NextIsTheSmallestAbove) {
  EXPECT_EQ((HybridTime{5, 6}).next(), (HybridTime{5, 7}));
  EXPECT_EQ((HybridTime{5, UINT32_MAX}).next(), (HybridTime{6, 0}));
  EXPECT_EQ((HybridTime{INT64_MAX, UINT32_MAX}).next(), (HybridTime{INT64_MAX, UINT32_MAX}));
}

TEST(HybridClock, FollowsTheWallWhileItMoves) {
  HybridClock clock = clock_at(0);

  EXPECT_EQ(clock.tick(at(kToday)), (HybridTime{kToday, 0}));
  EXPECT_EQ(clock.tick(at(kToday)), (HybridTime{kToday, 1}));
  EXPECT_EQ(clock.tick(at(kToday + 5)), (HybridTime{kToday + 5, 0}));
}

TEST(HybridClock, AWallThatJumpsBackADayOnlyRaisesTheCounter) {
  HybridClock clock = clock_at(0);
  HybridTime before = clock.tick(at(kToday));

  HybridTime after = clock.tick(at(kToday - 86'400 * kSecond));

  EXPECT_EQ(after, before.next());
}

TEST(HybridClock, StartsAboveWhatWasPersisted) {
  HybridClock clock = clock_at(kToday, 41);

  EXPECT_EQ(clock.latest(), (HybridTime{kToday, 41}));
  EXPECT_EQ(clock.tick(at(kToday - 1)), (HybridTime{kToday, 42}));
}

TEST(HybridClock, AMergedTimeIsBelowTheNextTick) {
  HybridClock clock = clock_at(0);
  clock.tick(at(kToday));
  HybridTime remote{kToday + 10 * kSecond, 3};

  EXPECT_EQ(clock.merge(at(kToday), remote), HybridClock::Merge::kMerged);

  EXPECT_GT(clock.tick(at(kToday)), remote);
}

TEST(HybridClock, ATimeOfThePastIsMergedWithoutMovingUs) {
  HybridClock clock = clock_at(kToday);

  EXPECT_EQ(clock.merge(at(kToday), {1, 1}), HybridClock::Merge::kMerged);

  EXPECT_EQ(clock.latest(), (HybridTime{kToday, 0}));
}

TEST(HybridClock, BeyondTheDriftIsNotMergedByATrustedClock) {
  HybridClock clock = clock_at(kToday);

  EXPECT_EQ(clock.merge(at(kToday), {kToday + kDrift, 9}), HybridClock::Merge::kMerged);
  EXPECT_EQ(clock.merge(at(kToday), {kToday + kDrift + 1, 0}), HybridClock::Merge::kAhead);

  EXPECT_EQ(clock.latest(), (HybridTime{kToday + kDrift, 9}));
}

// A board without a battery starts in 1970. The times that it receives are better than its own
// clock.
TEST(HybridClock, AnUntrustedClockMergesEveryTime) {
  HybridClock clock = clock_at(0);
  base::Now in_1970 = at(30 * kSecond);

  EXPECT_FALSE(clock.trusts(in_1970));
  EXPECT_EQ(clock.merge(in_1970, {kToday, 0}), HybridClock::Merge::kMerged);
  EXPECT_EQ(clock.tick(in_1970), (HybridTime{kToday, 1}));
}

TEST(HybridClock, TrustNeedsTheBuildDateAndNearnessOrSynchronisation) {
  HybridClock clock = clock_at(kToday);

  EXPECT_TRUE(clock.trusts(at(kToday)));
  EXPECT_TRUE(clock.trusts(at(kToday + 1000 * kDrift)));
  EXPECT_TRUE(clock.trusts(at(kToday - kDrift)));
  EXPECT_FALSE(clock.trusts(at(kToday - kDrift - 1)));
  EXPECT_TRUE(clock.trusts(at(kToday - kDrift - 1, true)));
  EXPECT_FALSE(clock.trusts(at(kBuild, true)));
  EXPECT_FALSE(clock.trusts(at(-1, true)));
}

TEST(HybridClock, OnlyASynchronisedWallShowsThatWeRunAhead) {
  HybridClock clock = clock_at(kToday + 2 * kDrift);

  EXPECT_FALSE(clock.runs_ahead(at(kToday)));
  EXPECT_TRUE(clock.runs_ahead(at(kToday, true)));
  EXPECT_FALSE(clock.runs_ahead(at(kToday + kDrift, true)));

  clock.restart_from_wall(at(kToday, true));

  EXPECT_EQ(clock.tick(at(kToday, true)), (HybridTime{kToday, 1}));
  EXPECT_FALSE(clock.runs_ahead(at(kToday, true)));
}

// A host that trusts every time must not take over the largest time there is: no later time would
// exist.
TEST(HybridClock, TheEndOfTheNumberRangeIsNobodysClock) {
  HybridClock clock = clock_at(0);

  EXPECT_EQ(clock.merge(at(0), {INT64_MAX, UINT32_MAX}), HybridClock::Merge::kAhead);
  EXPECT_EQ(clock.latest(), HybridTime{});
  EXPECT_FALSE(clock.trusts(at(INT64_MAX, true)));
  HybridTime first = clock.tick(at(INT64_MAX));
  EXPECT_GT(clock.tick(at(INT64_MAX)), first);
}

TEST(HybridClock, NumbersAtBothEndsDoNotOverflow) {
  HybridClock clock = clock_at(INT64_MIN);

  EXPECT_EQ(clock.merge(at(kToday), {INT64_MIN, 0}), HybridClock::Merge::kMerged);
  EXPECT_TRUE(clock.trusts(at(kToday)));
  EXPECT_EQ(clock_at(kToday).merge(at(INT64_MIN), {kToday, 0}), HybridClock::Merge::kMerged);
}

// A clock that was not used for some time, or never, counts as equal to the wall clock, because its
// next tick takes the wall clock.
TEST(HybridClock, TheOffsetIsHowFarItRunsAhead) {
  EXPECT_EQ(clock_at(0).offset_nanos(at(kToday)), 0);
  EXPECT_EQ(clock_at(kToday + 5).offset_nanos(at(kToday)), 5);
  // The wall clock may have any value. The undefined-behaviour sanitizer would report an overflow.
  EXPECT_EQ(clock_at(kToday).offset_nanos(at(INT64_MIN)), INT64_MAX);
  EXPECT_EQ(clock_at(INT64_MAX).offset_nanos(at(-1)), INT64_MAX);
  EXPECT_EQ(clock_at(INT64_MIN).offset_nanos(at(INT64_MAX)), 0);
}

TEST(HybridClock, NeverRepeatsUnderAnyWall) {
  base::Random random = base::Random::from_number(2);
  HybridClock clock = clock_at(kToday);
  HybridTime last = clock.latest();
  for (int i = 0; i < 20'000; ++i) {
    auto jump = static_cast<std::int64_t>(random.below(4'000)) - 2'000;
    base::Now now = at(kToday + jump * kSecond, random.chance(2));
    if (random.chance(3)) {
      auto far = static_cast<std::int64_t>(random.below(2'000'000)) * kSecond;
      HybridTime remote{kToday + far, static_cast<std::uint32_t>(random.below(9))};
      bool merged = clock.merge(now, remote) == HybridClock::Merge::kMerged;
      ASSERT_TRUE(!merged || clock.latest() >= remote);
      ASSERT_GE(clock.latest(), last);
    }
    HybridTime time = clock.tick(now);
    ASSERT_GT(time, last);
    last = time;
  }
}

}  // namespace
}  // namespace crdt
