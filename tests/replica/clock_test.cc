// Rule 9: an agent does not trust the wall clock of a peer, and a wrong clock never blocks a write.

#include "tests/replica/replica_fixture.h"

namespace agent {
namespace {

constexpr std::int64_t kYear = 365ll * 24 * 3'600 * 1'000;  // milliseconds

base::Now wall(std::int64_t instant_millis, std::int64_t wall_millis, bool synchronised) {
  return {{instant_millis * 1'000'000}, kWall + wall_millis * 1'000'000, synchronised};
}

Input patch(const std::string& value) {
  return Write{1, patch_entry("snapshots", "x", {{"size", value}})};
}

struct Hosts : testing::Test {
  Folder folder;
  ReplicaOptions options;
  std::unique_ptr<Replica> good;
  std::unique_ptr<Replica> odd;
  std::int64_t odd_millis = 0;  // wall clock of `odd` minus the one of `good`

  void SetUp() override {
    options.clock.build_nanos = kWall - kYear * 1'000'000;
    good = open_replica(folder.file("good.db"), 1, options);
    odd = open_replica(folder.file("odd.db"), 2, options);
  }
  Outputs on_good(std::int64_t millis, Input input) {
    std::vector<Input> inputs{std::move(input)};
    return good->turn(wall(millis, millis, true), inputs, false);
  }
  Outputs on_odd(std::int64_t millis, Input input) {
    std::vector<Input> inputs{std::move(input)};
    return odd->turn(wall(millis, millis + odd_millis, false), inputs, false);
  }
  // The two hosts write the same field in turns. Each has applied the last write of the other
  // before it writes. After every write both show it.
  void take_turns(std::int64_t from, int rounds) {
    for (int i = 0; i < rounds; ++i) {
      const std::int64_t now = from + 10 * i;
      auto by_odd = on_odd(now, patch(std::to_string(2 * i)));
      ASSERT_TRUE(by_odd.replies.at(0).result.ok());
      on_good(now + 1, received(by_odd.facts.own));
      EXPECT_EQ(shown(*good, "x"), R"({"size":)" + std::to_string(2 * i) + "}");
      auto by_good = on_good(now + 2, patch(std::to_string(2 * i + 1)));
      ASSERT_TRUE(by_good.replies.at(0).result.ok());
      on_odd(now + 3, received(by_good.facts.own));
      EXPECT_EQ(shown(*odd, "x"), R"({"size":)" + std::to_string(2 * i + 1) + "}");
    }
    EXPECT_EQ(good->state(), odd->state());
  }
};

TEST_F(Hosts, AHostIn1970ConvergesBothWays) {
  odd_millis = -kWall / 1'000'000;
  on_odd(1, received(on_good(1, add("x")).facts.own));

  take_turns(10, 5);

  EXPECT_GE(odd->clock().latest().nanos, kWall)
      << "a host without a trusted clock did not take over a received time";
}

TEST_F(Hosts, AHostAYearAheadConvergesBothWaysAndMovesNobodysClock) {
  odd_millis = kYear;
  on_odd(1, received(on_good(1, add("x")).facts.own));

  take_turns(10, 5);

  EXPECT_LT(good->clock().latest().nanos, kWall + 1'000'000'000);
}

TEST_F(Hosts, AStampOfTheFutureDoesNotOutliveTheNextWriteAtItsSlot) {
  odd_millis = kYear;
  on_good(1, received(on_odd(1, add("x")).facts.own));

  Outputs out = on_good(2, patch("7"));

  ASSERT_TRUE(out.replies.at(0).result.ok());
  EXPECT_EQ(shown(*good, "x"), R"({"size":7})");
  auto change = crdt::open_change(out.facts.own.at(0).bytes);
  EXPECT_LT(change->change.time.nanos, kWall + 1'000'000'000)
      << "the clock of `good` moved to the time of `odd`";
  EXPECT_GT(change->change.effects.at(0).stamp.time.nanos, kWall + kYear * 999'000);
}

// The clock was a year ahead and is now right. The host makes a new actor whose clock starts from
// the wall clock.
TEST_F(Hosts, AfterItsClockIsRepairedAHostStartsAgainFromTheWall) {
  odd_millis = kYear;
  on_good(1, received(on_odd(1, add("x")).facts.own));
  base::ActorId former = odd->own_actor();
  odd_millis = 0;

  std::vector<Input> inputs{patch("3")};
  Outputs out = odd->turn(wall(10, 10, true), inputs, false);

  EXPECT_TRUE(says(out, Notice::Kind::kClockRestarted));
  EXPECT_NE(odd->own_actor(), former);
  EXPECT_EQ(shown(*odd, "x"), R"({"size":3})");
  on_good(11, received(out.facts.own));
  EXPECT_EQ(good->state(), odd->state());
}

TEST_F(Hosts, TimesOfOneHostGrowOverStepsBackAndRestarts) {
  crdt::HybridTime last;
  std::uint64_t starts = 3;
  for (std::int64_t step : {0, -100'000, 50, -200'000, -299'000}) {
    odd_millis = step;
    auto own = on_odd(1, add("x")).facts.own;
    auto time = crdt::open_change(own.at(0).bytes)->change.time;
    EXPECT_GT(time, last);
    last = time;
    ASSERT_TRUE(odd->close().ok());
    odd.reset();
    odd = open_replica(folder.file("odd.db"), ++starts, options);
  }
}

}  // namespace
}  // namespace agent
