#include "agent/api/foreign_clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "agent/api/limits.h"
#include "crdt/base/random.h"

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

// One request may bring 10,000 deltas with clocks of 256 entries each.
TEST(ForeignClock, ManyLargeClocksCostTheirSizeAndNotItsSquare) {
  const auto begin = std::chrono::steady_clock::now();
  ForeignClock clock;

  for (int delta = 0; delta < 3'000; ++delta) {
    ClockEntries entries;
    for (int i = 0; i < 256; ++i) entries[std::to_string(delta * 256 + i)] = 1;
    EXPECT_FALSE(clock.is_stale("n", entries, "x"));
    clock.take("n", entries, "x");
  }

  // The square of it took a minute, on the only thread that judges deltas.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST(ForeignClock, ATextAboveTheBoundsIsReadWithinThem) {
  std::string text = "[";
  for (std::size_t i = 0; i < kForeignOriginsMax + 10; ++i) {
    text += (i > 0 ? ",[\"a" : "[\"a") + std::to_string(i) + "\",1,[\"x\"]]";
  }

  const ForeignClock clock = ForeignClock::parse(text + "]");

  EXPECT_FALSE(clock.is_stale("n", {{"a9", 1}}, "x")) << "the first ones are forgotten";
  EXPECT_TRUE(clock.is_stale("n", {{"a10", 1}}, "x"));
}

TEST(ForeignClock, AnEntryTwiceInATextCountsOnce) {
  const ForeignClock clock = ForeignClock::parse(R"([["a",1,["x"]],["b",1,[]],["a",2,["y"]]])");

  EXPECT_EQ(clock.text(), R"([["b",1,[]],["a",2,["y"]]])");
}

// A model without an index: what the bounds leave of random deltas is the same.
TEST(ForeignClock, TheOrderInWhichEntriesMovedSurvivesItsText) {
  base::Random random = base::Random::from_number(7);
  ForeignClock clock;
  std::vector<std::string> moved;
  for (int i = 0; i < 5'000; ++i) {
    const std::string entry = "e" + std::to_string(random.below(1'500));
    clock.take("n", {{entry, static_cast<std::uint64_t>(i + 1)}}, std::to_string(i));
    std::erase(moved, entry);
    moved.push_back(entry);
    if (moved.size() > kForeignOriginsMax) moved.erase(moved.begin());
    if (i % 500 == 0) clock = ForeignClock::parse(clock.text());
  }

  std::size_t at = 0;
  const std::string text = clock.text();
  for (const std::string& entry : moved) {
    at = text.find("[\"" + entry + "\",", at);
    ASSERT_NE(at, std::string::npos) << entry;
  }
  EXPECT_EQ(std::count(text.begin(), text.end(), '[') - 1, 2 * static_cast<long>(moved.size()));
}

}  // namespace
}  // namespace agent
