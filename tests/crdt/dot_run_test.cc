#include "crdt/dot_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "crdt/base/random.h"
#include "crdt/types/draft.h"
#include "samples.h"

namespace crdt {
namespace {

using samples::kA;
using samples::kZ;

// The dots of a large object come slot by slot. Growing by one at a time would copy all of them for
// each slot.
TEST(DotRuns, OfDotsThatComeOneByOneAreCopiedFewTimes) {
  std::vector<Dot> dots;
  std::size_t moves = 0;
  for (std::uint32_t i = 0; i < 65'536; ++i) {
    const std::size_t room = dots.capacity();
    append_dots(dots, {samples::put({kA, 1, i}, samples::stamp(1))});
    if (dots.capacity() != room) ++moves;
  }
  EXPECT_EQ(dots.size(), 65'536u);
  EXPECT_LT(moves, 40u);
}

// Few enough that runs meet, overlap and touch.
Dot any_dot(base::Random& random) {
  Dot dot;
  dot.actor = random.chance(2) ? kA : kZ;
  dot.seq = 1 + random.below(5);
  dot.index = static_cast<std::uint32_t>(random.below(6));
  return dot;
}

std::vector<Dot> any_dots(base::Random& random, std::uint64_t most) {
  std::vector<Dot> dots;
  for (std::uint64_t i = random.below(most); i > 0; --i) dots.push_back(any_dot(random));
  return dots;
}

std::set<Dot> dots_in(const DotRuns& runs) {
  std::set<Dot> dots;
  for (const DotRun& run : runs) {
    for (std::uint32_t change = 0; change < run.changes; ++change) {
      for (std::uint32_t i = 0; i < run.count; ++i) {
        EXPECT_TRUE(dots.insert({run.actor, run.seq + change, run.index + i}).second);
      }
    }
  }
  return dots;
}

void expect_covers_agrees(const DotRuns& runs) {
  const std::set<Dot> dots = dots_in(runs);
  for (const ActorId& actor : {kA, kZ}) {
    for (std::uint64_t seq = 0; seq < 8; ++seq) {
      for (std::uint32_t index = 0; index < 8; ++index) {
        const Dot dot{actor, seq, index};
        EXPECT_EQ(covers(runs, dot), dots.contains(dot)) << dot.text();
      }
    }
  }
}

TEST(DotRuns, HoldExactlyTheirDots) {
  base::Random random = base::Random::from_number(11);
  for (int round = 0; round < 2'000; ++round) {
    const std::vector<Dot> dots = any_dots(random, 40);

    const DotRuns runs = runs_of(dots);

    ASSERT_TRUE(are_ordered(runs));
    ASSERT_EQ(dots_in(runs), std::set<Dot>(dots.begin(), dots.end()));
    expect_covers_agrees(runs);
  }
}

TEST(DotRuns, GoAroundWhatIsKept) {
  base::Random random = base::Random::from_number(12);
  for (int round = 0; round < 2'000; ++round) {
    const std::vector<Dot> kept = any_dots(random, 12);
    std::vector<Dot> dots = any_dots(random, 20);
    std::erase_if(dots, [&](const Dot& dot) {
      return std::find(kept.begin(), kept.end(), dot) != kept.end();
    });

    const DotRuns runs = runs_around(dots, kept);

    ASSERT_TRUE(are_ordered(runs));
    for (const Dot& dot : dots) EXPECT_TRUE(covers(runs, dot)) << dot.text();
    for (const Dot& dot : kept) EXPECT_FALSE(covers(runs, dot)) << dot.text();
  }
}

TEST(DotRuns, OneRunForAPasteForTypingAndForAWholeChange) {
  std::vector<Dot> paste;
  std::vector<Dot> typing;
  for (std::uint32_t i = 0; i < 100; ++i) {
    paste.push_back({kA, 7, i});
    typing.push_back({kA, 10 + i, 0});
  }

  EXPECT_EQ(runs_of(paste), (DotRuns{{kA, 7, 0, 100}}));
  EXPECT_EQ(runs_of(typing), (DotRuns{{kA, 10, 0, 1, 100}}));
  EXPECT_EQ(runs_around({{kA, 3, 1}, {kA, 3, 90}}, {}), (DotRuns{{kA, 3, 1, 90}}));
  EXPECT_EQ(runs_around({{kA, 3, 1}, {kA, 3, 90}}, {{kA, 3, 8}}),
            (DotRuns{{kA, 3, 1}, {kA, 3, 90}}));
}

TEST(DotRuns, CanBeOrderedAgainAfterTheirNamesHaveChanged) {
  base::Random random = base::Random::from_number(13);
  for (int round = 0; round < 1'000; ++round) {
    DotRuns runs = runs_of(any_dots(random, 40));
    const std::set<Dot> dots = dots_in(runs);
    for (std::size_t i = runs.size(); i > 1; --i) std::swap(runs[i - 1], runs[random.below(i)]);

    const DotRuns ordered = ordered_runs(runs);

    ASSERT_TRUE(are_ordered(ordered));
    ASSERT_EQ(dots_in(ordered), dots);
  }
}

TEST(DotRuns, MayOverlapBeforeTheyAreOrdered) {
  base::Random random = base::Random::from_number(14);
  for (int round = 0; round < 2'000; ++round) {
    DotRuns runs;
    std::set<Dot> dots;
    for (std::uint64_t i = random.below(8); i > 0; --i) {
      const Dot first = any_dot(random);
      runs.push_back({first.actor, first.seq, first.index,
                      static_cast<std::uint32_t>(1 + random.below(3)),
                      static_cast<std::uint32_t>(1 + random.below(4))});
      const std::set<Dot> more = dots_in({runs.back()});
      dots.insert(more.begin(), more.end());
    }

    const DotRuns ordered = ordered_runs(runs);

    ASSERT_TRUE(are_ordered(ordered));
    ASSERT_EQ(dots_in(ordered), dots);
  }
}

TEST(DotRuns, TheLargestNumbersDoNotOverflow) {
  const DotRuns runs{{kA, UINT64_MAX, UINT32_MAX}};

  EXPECT_TRUE(are_ordered(runs));
  EXPECT_TRUE(covers(runs, {kA, UINT64_MAX, UINT32_MAX}));
  EXPECT_EQ(ordered_runs(runs), runs);
  EXPECT_EQ(runs_around({{kA, 1, 0}, {kA, 1, UINT32_MAX}}, {}).size(), 2u);
  EXPECT_FALSE(are_ordered(DotRuns{{kA, UINT64_MAX, 0, 1, 2}}));
  EXPECT_FALSE(are_ordered(DotRuns{{kA, 1, UINT32_MAX, 2}}));
}

}  // namespace
}  // namespace crdt
