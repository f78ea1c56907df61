// Counters and registers: known hard cases (docs/testing.md, "Cases of the types") and bounds.

#include "crdt/types/counter.h"

#include <gtest/gtest.h>

#include "map_view.h"
#include "samples.h"

namespace crdt {
namespace {

constexpr std::uint64_t kMost = UINT64_MAX;

Cell total(Dot dot, std::string body, std::string writer = {}) {
  return {dot, EffectKind::kCount, samples::stamp(1, 0, std::move(writer)), std::move(body)};
}
const Slot kTop{"n", {}, SlotType::kGCounter};
const Slot kTopPn{"n", {}, SlotType::kPnCounter};
const Slot kInMap{"n", {"k"}, SlotType::kPnCounter};

TEST(Counter, AChangeThatComesThreeTimesCountsOnce) {
  Site a('a', "n");
  Site b('b', "n");
  const Sent sent = a.must(increment({}, 3));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(b.take(sent));
  EXPECT_EQ(b.value(), "3");
}

TEST(Counter, OfTheTotalsOfAContributorTheHighestCounts) {
  const Cells cells{total({samples::kA, 1, 0}, "5"), total({samples::kA, 2, 0}, "3"),
                    total({samples::kA, 3, 0}, "7", "device"),
                    total({samples::kZ, 2, 0}, "9", "device")};
  EXPECT_EQ(counter_value(cells, kTop), "14");
  EXPECT_TRUE(counts(cells, cells[0], kTop));
  EXPECT_FALSE(counts(cells, cells[1], kTop));
  EXPECT_FALSE(counts(cells, cells[2], kTop));
  EXPECT_TRUE(counts(cells, cells[3], kTop));
}

TEST(Counter, AChangeCarriesTheTotalOfItsAuthor) {
  Site a('a', "n");
  a.must(increment({}, 1));
  const Sent sent = a.must(increment({}, 2));
  ASSERT_EQ(sent.change.effects.size(), 1u);
  EXPECT_EQ(sent.change.effects[0].kind, EffectKind::kCount);
  EXPECT_EQ(sent.change.effects[0].body, "3");
  EXPECT_EQ(a.view().count(), 1u);
}

TEST(Counter, WhatWasAddedAndTakenAreTwoTotals) {
  Site a('a', "n");
  Site b('b', "n");
  a.must(decrement({}, 5));
  const Sent sent = a.must(increment({}, 2));
  b.must(decrement({}, 1));
  b.take_all(a.log());
  EXPECT_EQ(sent.change.effects[0].body, "2 5");
  EXPECT_EQ(b.value(), "-4");
}

TEST(Counter, AnOverflowIsAnErrorAndNothingIsWritten) {
  Site a('a', "n");
  Site p('p', "p");
  a.must(increment({}, kMost));
  p.must(increment({}, INT64_MAX, SlotType::kPnCounter));

  for (auto refused : {a.write({increment({}, 1)}), p.write({increment({}, 1)})}) {
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::Code::kUnprocessable);
    EXPECT_NE(refused.error().message.find("would become"), std::string::npos);
  }
  EXPECT_EQ(a.value(), "18446744073709551615");
  p.must(decrement({}, INT64_MAX));
  p.must(decrement({}, std::uint64_t{1} << 63));
  EXPECT_EQ(p.value(), "-9223372036854775808");
  EXPECT_FALSE(p.write({decrement({}, 1)}).ok());
  EXPECT_FALSE(p.write({decrement({}, kMost)}).ok());
}

// Concurrent increments bring a counter above its range. The way back is open, also step by step.
TEST(Counter, ASumOutOfRangeTakesStepsTowardsTheRange) {
  for (const Path& path : {Path{}, Path{"k"}}) {
    Site a('a', "n");
    Site b('b', "n");
    a.must(increment(path, INT64_MAX, SlotType::kPnCounter));
    b.must(increment(path, 9, SlotType::kPnCounter));
    a.take_all(b.log());

    EXPECT_FALSE(a.write({increment(path, 1)}).ok());
    a.must(decrement(path, 1));
    EXPECT_EQ(a.value(path), "9223372036854775815");
    a.must(decrement(path, 8));
    a.must(decrement(path, std::uint64_t{1} << 63));
    EXPECT_EQ(a.value(path), "-1");
  }
  for (const Path& path : {Path{}, Path{"k"}}) {
    Site a('a', "n");
    Site b('b', "n");
    a.must(decrement(path, std::uint64_t{1} << 63));
    b.must(decrement(path, 9));
    a.take_all(b.log());

    EXPECT_FALSE(a.write({decrement(path, 1)}).ok());
    a.must(increment(path, 1));
    EXPECT_EQ(a.value(path), "-9223372036854775816");
    a.must(increment(path, 8));
    EXPECT_EQ(a.value(path), "-9223372036854775808");
  }
}

TEST(Counter, ATotalOfItsAuthorThatOverflowsIsAnError) {
  Site p('p', "p");
  const std::uint64_t most = INT64_MAX;
  for (int i = 0; i < 2; ++i) {
    p.must(increment({}, most, SlotType::kPnCounter));
    p.must(decrement({}, most));
  }
  const auto refused = p.write({increment({}, most)});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, base::Code::kUnprocessable);
  EXPECT_NE(refused.error().message.find("replace the value"), std::string::npos);
  p.must(replace({}, SlotType::kPnCounter, "7"));
  p.must(increment({}, 1));
  EXPECT_EQ(p.value(), "8");
}

TEST(Counter, ASumOfConcurrentIncrementsIsExact) {
  Site a('a', "n");
  Site b('b', "n");
  a.must(increment({}, kMost));
  b.must(increment({}, kMost));
  b.take_all(a.log());
  EXPECT_EQ(b.value(), "36893488147419103230");
  EXPECT_FALSE(b.write({increment({}, 1)}).ok());
}

TEST(Counter, NothingIsADecrementOfAGCounter) {
  Site a('a', "n");
  a.must(increment({}, 1));
  Op named = decrement({}, 1);
  named.type = SlotType::kGCounter;
  for (const Op& op : {decrement({}, 1), named}) {
    const auto refused = a.write({op});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::Code::kUnprocessable);
    EXPECT_NE(refused.error().message.find("pncounter"), std::string::npos);
  }
}

TEST(Counter, NothingAddedMakesItExist) {
  Site a('a', "n");
  a.must(increment({}, 0));
  EXPECT_EQ(a.value(), "0");
  EXPECT_FALSE(a.write({increment({}, 0)}).value().has_value());
}

TEST(Counter, AMillionIncrementsInAMapLeaveAFewCells) {
  Site a('a', "m");
  for (int i = 0; i < 2'000; ++i) {
    a.must(increment({"k"}, 3));
    ASSERT_LE(a.view().cells({"k"}, SlotType::kGCounter).value().size(), kFoldAt);
  }
  EXPECT_EQ(a.value({"k"}), "6000");
}

TEST(Counter, TheSixteenthIncrementIsFoldedIntoTheNext) {
  Site a('a', "m");
  for (std::size_t i = 0; i < kFoldAt; ++i) a.must(increment({"k"}, 1));
  EXPECT_EQ(a.view().cells({"k"}, SlotType::kGCounter).value().size(), kFoldAt);

  const Sent sent = a.must(increment({"k"}, 5));

  EXPECT_EQ(sent.change.effects[0].body, "21");
  EXPECT_EQ(a.view().cells({"k"}, SlotType::kGCounter).value().size(), 1u);
}

TEST(Counter, ABodyThatIsNoNumberCountsAsNothing) {
  const Cells cells{total({samples::kA, 1, 0}, "5 1"), total({samples::kA, 2, 0}, "x"),
                    total({samples::kZ, 1, 0}, "7"), total({samples::kZ, 2, 0}, "-3 4"),
                    total({samples::kZ, 3, 0}, std::string(31, '9') + " 0")};
  EXPECT_EQ(counter_value(cells, kTopPn), "0");  // 5 - 1 and 0 - 4
  EXPECT_EQ(counter_value({total({samples::kA, 1, 0}, "-5")}, kTop), "0");
  EXPECT_EQ(counter_value({total({samples::kA, 1, 0}, "-5")}, kInMap), "-5");
}

TEST(Counter, AReplacementTakesAWholeNumber) {
  Site a('a', "n");
  a.must(increment({}, 3));
  a.must(replace({}, SlotType::kGCounter, "1.0e1"));
  a.must(increment({}, 1));
  EXPECT_EQ(a.value(), "11");
  for (const char* wrong : {"-1", "1.5", "18446744073709551616", "\"1\"", "null"}) {
    const auto refused = a.write({replace({}, SlotType::kGCounter, wrong)});
    ASSERT_FALSE(refused.ok()) << wrong;
    EXPECT_EQ(refused.error().code, base::Code::kInvalid);
  }
}

// --- Registers -----------------------------------------------------------------------------------

struct Registers : testing::Test {
  Site a{'a', "r"};
  Site b{'b', "r"};
  void merge() {
    b.take_all(a.log());
    a.take_all(b.log());
    EXPECT_EQ(a.view().digest(), b.view().digest());
    EXPECT_EQ(a.value(), b.value());
  }
  static Op at(std::string value, std::int64_t nanos, std::string writer = "w") {
    Op op = set({}, std::move(value));
    op.stamp = samples::stamp(nanos, 0, std::move(writer));
    return op;
  }
};

TEST_F(Registers, OfEqualStampsTheHigherActorWinsInAnyOrder) {
  a.must(set({}, "\"z\""));
  b.must(set({}, "\"a\""));
  merge();
  EXPECT_EQ(a.value(), "\"a\"");
  ASSERT_EQ(a.conflicts().size(), 1u);
  EXPECT_EQ(a.conflicts()[0].rule, "dot");
}

TEST_F(Registers, AValueWinsOverOneThatItsAuthorSawWhateverTheClocksSay) {
  a.clock = 1'000;
  b.clock = 10;
  a.must(set({}, "\"old\""));
  b.take_all(a.log());
  b.must(set({}, "\"new\""));
  merge();
  EXPECT_EQ(a.value(), "\"new\"");
  EXPECT_TRUE(a.conflicts().empty());
}

// A third value with a clock between the two: it loses against the one that was raised.
TEST_F(Registers, AStampIsAboveAllThatItsAuthorSaw) {
  Site c('c', "r");
  a.clock = 1'000;
  b.clock = 10;
  c.clock = 900;
  a.must(set({}, "\"old\""));
  b.take_all(a.log());
  b.must(set({}, "\"new\""));
  c.must(set({}, "\"aside\""));
  c.take_all(b.log());
  EXPECT_EQ(c.value(), "\"new\"");
}

TEST_F(Registers, OfConcurrentValuesTheLaterWinsAndTheOtherCanBeRead) {
  b.clock = 2'000;
  a.must(set({}, "\"x\""));
  b.must(set({}, "\"y\""));
  merge();
  EXPECT_EQ(a.value(), "\"y\"");
  const auto conflicts = a.conflicts();
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_EQ(conflicts[0].rule, "stamp");
  EXPECT_EQ(conflicts[0].winner.value, "\"y\"");
  EXPECT_EQ(conflicts[0].losers.at(0).value, "\"x\"");
  a.must(set({}, "\"z\""));
  EXPECT_TRUE(a.conflicts().empty());
}

TEST_F(Registers, AnMvRegisterShowsAllConcurrentValuesTheWinnerFirst) {
  b.clock = 2'000;
  a.must(set({}, "1", SlotType::kMvRegister));
  b.must(set({}, "2", SlotType::kMvRegister));
  merge();
  EXPECT_EQ(a.value(), "[2,1]");
  EXPECT_TRUE(a.conflicts().empty());
  a.must(set({}, "3"));
  merge();
  EXPECT_EQ(b.value(), "[3]");
}

TEST_F(Registers, TheSameValueWrittenAgainIsAWrite) {
  a.must(set({}, "1"));
  a.must(set({}, "1"));
  EXPECT_EQ(a.log().size(), 2u);
  EXPECT_EQ(a.view().count(), 1u);
}

TEST_F(Registers, AClientsStampThatIsNotAboveWhatItSeesMakesNoEffect) {
  a.must(at("1", 50));
  for (const Op& op : {at("2", 50), at("2", 49), at("2", 50, "v")}) {
    const auto sent = a.write({op});
    ASSERT_TRUE(sent.ok());
    EXPECT_FALSE(sent.value().has_value());
  }
  Op whole = replace({}, SlotType::kLwwRegister, "2");
  whole.stamp = samples::stamp(50);
  EXPECT_FALSE(a.write({whole}).value().has_value());
  EXPECT_EQ(a.value(), "1");
  a.must(at("3", 50, "x"));
  EXPECT_EQ(a.value(), "3");
  EXPECT_EQ(a.view().count(), 1u);
}

// A removed key of a client's dictionary is a value `absent` with a stamp.
TEST_F(Registers, AbsentIsDecidedLikeAnyValue) {
  const Slot slot{"r", {}, SlotType::kLwwRegister};
  const auto absent = [&](std::int64_t nanos) {
    Effect effect;
    effect.slot = slot;
    effect.stamp = samples::stamp(nanos);
    effect.body = base::Bytes();
    return effect;
  };
  a.must(at("1", 50));
  a.view().apply(absent(60), {samples::kZ, 1, 0});
  b.must(at("1", 50));
  b.view().apply(absent(40), {samples::kZ, 1, 0});
  EXPECT_EQ(a.value(), "-");
  EXPECT_EQ(b.value(), "1");
  ASSERT_EQ(a.reasons().size(), 2u);
  for (const Reason& reason : a.reasons()) EXPECT_EQ(reason.rule, "absent");
  a.must(increment({}, 1));  // nothing is there, so another type fits
  a.must(unset());
  EXPECT_EQ(a.view().count(), 0u);
}

}  // namespace
}  // namespace crdt
