#include "agent/api/foreign_clock.h"

#include <gtest/gtest.h>

#include "agent/api/limits.h"

namespace agent {
namespace {

TEST(ForeignClock, TakesEachDeltaOnceAndNoneBelow) {
  ForeignClock clock;
  EXPECT_FALSE(clock.is_stale("n", {{"n", 3}}, "a"));
  clock.take("n", {{"n", 3}}, "a");

  EXPECT_TRUE(clock.is_stale("n", {{"n", 3}}, "a"));
  EXPECT_FALSE(clock.is_stale("n", {{"n", 3}}, "b")) << "another delta of the same number";
  EXPECT_TRUE(clock.is_stale("n", {{"n", 2}}, "b"));
  clock.take("n", {{"n", 4}}, "c");
  EXPECT_TRUE(clock.is_stale("n", {{"n", 3}}, "b")) << "it is below now";
}

// The clock of a node grows with what the node learns of others. Its own entry counts its deltas.
TEST(ForeignClock, OfSeveralEntriesTheOneOfTheSenderCounts) {
  ForeignClock clock;
  clock.take("n", {{"n", 3}, {"m", 5}}, "a");

  EXPECT_TRUE(clock.is_stale("n", {{"n", 2}, {"m", 5}}, "b"));
  EXPECT_FALSE(clock.is_stale("n", {{"n", 3}, {"m", 4}}, "b"));
  EXPECT_FALSE(clock.is_stale("n", {{"n", 1}, {"m", 6}}, "b")) << "it knows more of m";
}

TEST(ForeignClock, WithoutAnEntryOfTheSenderTheWholeClockCounts) {
  ForeignClock clock;
  clock.take("n", {{"k", 3}, {"m", 5}}, "a");

  EXPECT_TRUE(clock.is_stale("n", {{"k", 3}, {"m", 5}}, "a"));
  EXPECT_FALSE(clock.is_stale("n", {{"k", 3}, {"m", 5}}, "b"));
  EXPECT_TRUE(clock.is_stale("n", {{"k", 3}, {"m", 4}}, "b"));
  EXPECT_FALSE(clock.is_stale("n", {{"k", 4}, {"m", 1}}, "b"));
}

// A node of a mesh has a new actor after each start.
TEST(ForeignClock, EntriesOfOneSenderAreJudgedApart) {
  ForeignClock clock;
  clock.take("n", {{"first", 3}}, "a");
  clock.take("n", {{"second", 1}}, "b");

  EXPECT_FALSE(clock.is_stale("n", {{"first", 3}}, "c")) << "the rest of its last change";
  EXPECT_TRUE(clock.is_stale("n", {{"first", 2}}, "c"));
  EXPECT_TRUE(clock.is_stale("n", {{"second", 1}}, "b"));
}

TEST(ForeignClock, ItsTextHoldsAllOfIt) {
  ForeignClock clock;
  clock.take("n", {{"a \"quoted\" name", 3}}, "x");
  clock.take("n", {{"n", 1}}, "y");

  const ForeignClock read = ForeignClock::parse(clock.text());

  EXPECT_EQ(read.text(), clock.text());
  EXPECT_TRUE(read.is_stale("n", {{"n", 1}}, "y"));
  for (const char* text : {"", "{}", "[1]", "[[]]", "[[\"a\",-1,[]]]", "[[1,1,[]]]", "nonsense"}) {
    EXPECT_EQ(ForeignClock::parse(text).text(), "[]") << text;
  }
}

TEST(ForeignClock, JoinedItKnowsWhatEitherTook) {
  ForeignClock one;
  ForeignClock other;
  one.take("n", {{"n", 3}}, "a");
  other.take("n", {{"n", 3}}, "b");
  other.take("m", {{"m", 1}}, "c");

  one.join(other);

  EXPECT_TRUE(one.is_stale("n", {{"n", 3}}, "a"));
  EXPECT_TRUE(one.is_stale("n", {{"n", 3}}, "b"));
  EXPECT_TRUE(one.is_stale("m", {{"m", 1}}, "c"));
  EXPECT_FALSE(one.is_stale("n", {{"n", 3}}, "c"));
}

TEST(ForeignClock, ItsSizeIsBoundedAndTheOldestIsForgotten) {
  ForeignClock clock;
  for (std::size_t i = 0; i < kForeignOriginsMax + 5; ++i) {
    clock.take("n", {{"actor" + std::to_string(i), 1}}, "x");
  }
  EXPECT_FALSE(clock.is_stale("n", {{"actor0", 1}}, "x"));
  EXPECT_TRUE(clock.is_stale("n", {{"actor5", 1}}, "x"));

  ForeignClock names;
  for (std::size_t i = 0; i < kForeignNamesMax + 5; ++i) {
    names.take("n", {{"n", 1}}, std::to_string(i));
  }
  EXPECT_FALSE(names.is_stale("n", {{"n", 1}}, "0"));
  EXPECT_TRUE(names.is_stale("n", {{"n", 1}}, "5"));
}

}  // namespace
}  // namespace agent
