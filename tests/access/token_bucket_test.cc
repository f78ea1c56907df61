#include "agent/access/token_bucket.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "agent/access/limits.h"
#include "crdt/base/random.h"

namespace auth {
namespace {

constexpr std::int64_t kMinute = 60'000'000'000;

// The generic cell rate algorithm, which says the same in another way: the time at which an evenly
// paced caller would send its next request may be at most a minute ahead. In units of a nanosecond
// divided by the rate.
class Pace {
 public:
  explicit Pace(std::int64_t rate) : rate_(rate) {}
  bool take(base::Instant now) {
    const std::int64_t units = now.nanos * rate_;
    const std::int64_t next = std::max(next_, units) + kMinute;
    if (next - units > kMinute * rate_) return false;
    next_ = next;
    return true;
  }
  std::int64_t remaining(base::Instant now) const {
    const std::int64_t ahead = std::max<std::int64_t>(0, next_ - now.nanos * rate_);
    return (kMinute * rate_ - ahead) / kMinute;
  }

 private:
  std::int64_t rate_;
  std::int64_t next_ = 0;
};

TEST(TokenBucket, GrantsExactlyWhatAnEvenPaceAllows) {
  base::Random random = base::Random::from_number(1);
  for (std::uint32_t rate : {1u, 7u, 60u, 1'000u, 10'000u, kRateMax}) {
    base::Instant now{static_cast<std::int64_t>(random.below(1'000'000))};
    TokenBucket bucket(rate, now);
    Pace pace(rate);
    std::size_t granted = 0;
    for (int i = 0; i < 20'000; ++i) {
      const std::uint64_t step = random.chance(200) ? 2 * kMinute : 2 * kMinute / rate;
      now = now + base::nanos(static_cast<std::int64_t>(random.below(step)));
      const bool expected = pace.take(now);

      ASSERT_EQ(bucket.take(now), expected) << rate << " " << i;
      ASSERT_EQ(bucket.remaining(), pace.remaining(now)) << rate << " " << i;
      granted += expected;
    }
    EXPECT_GT(granted, 1'000u);
  }
}

TEST(TokenBucket, ABurstIsAMinuteAndThenTheRateHolds) {
  TokenBucket bucket(60, {5});
  for (int i = 0; i < 60; ++i) EXPECT_TRUE(bucket.take({5}));

  EXPECT_FALSE(bucket.take({5}));
  EXPECT_EQ(bucket.seconds_until_one(), 1u);
  EXPECT_EQ(bucket.seconds_until_full(), 60u);
  EXPECT_FALSE(bucket.take({5 + 999'999'999}));
  EXPECT_TRUE(bucket.take({5 + 1'000'000'000}));
  EXPECT_FALSE(bucket.take({5 + 1'000'000'000}));
}

// After the seconds of seconds_until_one() there is one, and one second earlier there is none.
TEST(TokenBucket, TheSecondsToWaitAreEnoughAndNotTooMany) {
  base::Random random = base::Random::from_number(2);
  for (int i = 0; i < 2'000; ++i) {
    const auto rate = static_cast<std::uint32_t>(1 + random.below(120));
    base::Instant now{static_cast<std::int64_t>(random.below(1'000))};
    TokenBucket bucket(rate, now);
    while (bucket.take(now)) now = now + base::nanos(static_cast<std::int64_t>(random.below(900)));
    const std::uint32_t wait = bucket.seconds_until_one();
    ASSERT_GE(wait, 1u);

    TokenBucket early = bucket;
    EXPECT_TRUE(bucket.take(now + base::seconds(wait)));
    EXPECT_FALSE(early.take(now + base::seconds(wait - 1)));
  }
}

TEST(TokenBucket, TimeThatGoesBackGivesNothing) {
  TokenBucket bucket(1, {kMinute});
  EXPECT_TRUE(bucket.take({kMinute}));

  EXPECT_FALSE(bucket.take({0}));
  EXPECT_FALSE(bucket.take({2 * kMinute - 1}));
  EXPECT_TRUE(bucket.take({2 * kMinute}));
}

TEST(TokenBucket, AnotherRateKeepsWhatIsLeftUpToItsSize) {
  TokenBucket bucket(100, {0});
  for (int i = 0; i < 30; ++i) bucket.take({0});

  bucket.set_rate(1'000, {0});
  EXPECT_EQ(bucket.remaining(), 70u);
  bucket.set_rate(10, {0});
  EXPECT_EQ(bucket.remaining(), 10u);
}

}  // namespace
}  // namespace auth
