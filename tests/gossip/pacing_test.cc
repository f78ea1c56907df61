#include "gossip/reconcile/pacing.h"

#include <gtest/gtest.h>

namespace gossip::testing {
namespace {

// A difference was noticed now, and our claim has not moved for a long time.
struct Paced {
  Profile profile = *profile_from_name("lan");
  base::Duration ping = profile.ping_interval;
  base::Duration grace = profile.grace;
  Pacing pacing{profile};
  QuietGap quiet{profile};
  Backoff backoff{profile, base::Random::from_number(1)};
  base::Instant now{base::seconds(1'000).nanos};
  States states{{1, 2}, {3, 4}};
  Difference difference{now, states, now - base::seconds(500), 0};

  base::Instant ready() const { return pacing.ready(difference, quiet); }
};

TEST(Pacing, ADifferenceMustLastForTheGrace) {
  Paced paced;

  EXPECT_EQ(paced.ready(), paced.now + paced.grace);
}

// Our claim has moved a moment ago, perhaps to what the peer claimed before. So the difference may
// be gone already, and the grace starts again.
TEST(Pacing, TheGraceCountsFromTheLastMoveOfOurClaim) {
  Paced paced;

  paced.difference.ours_moved = paced.now + paced.grace * 3;

  EXPECT_EQ(paced.ready(), paced.now + paced.grace * 4);
}

TEST(Pacing, ConstantWritesDelayForABoundedTime) {
  Paced paced;

  paced.difference.ours_moved = paced.now + base::seconds(400);

  EXPECT_EQ(paced.ready(), paced.now + paced.grace * (kGraceStretch + 1));
}

TEST(Pacing, AfterAnExchangeBeganTheNextOneWaits) {
  Paced paced;
  EXPECT_LE(paced.pacing.allowed(), paced.now);

  paced.pacing.started(paced.now);

  EXPECT_EQ(paced.pacing.allowed(), paced.now + paced.ping * 2);
  EXPECT_EQ(paced.ready(), std::max(paced.now + paced.ping * 2, paced.now + paced.grace));
}

TEST(Pacing, StallsInARowWaitLongerEachTimeUpToTheBound) {
  Paced paced;
  int gap = 1;

  for (int stalls = 1; stalls <= 20; ++stalls) {
    base::Instant next = paced.pacing.stalled(paced.now, paced.backoff);
    gap = std::min(gap * 2, kStallGapMax);
    EXPECT_GE(next, paced.now + paced.ping * gap) << stalls;
    EXPECT_LE(next, paced.now + paced.ping * gap * 2) << stalls;
    EXPECT_EQ(next, paced.pacing.allowed());
    EXPECT_TRUE(paced.pacing.has_stalled());
  }
}

TEST(Pacing, ProgressEndsTheRowOfStalls) {
  Paced paced;
  for (int i = 0; i < 5; ++i) paced.pacing.stalled(paced.now, paced.backoff);

  paced.pacing.progressed();
  EXPECT_FALSE(paced.pacing.has_stalled());
  EXPECT_LE(paced.pacing.stalled(paced.now, paced.backoff), paced.now + paced.ping * 4);
}

TEST(Pacing, APeerThatIsBusyIsNoStall) {
  Paced paced;

  for (int i = 0; i < 10; ++i) {
    base::Instant next = paced.pacing.put_off(paced.now, paced.backoff);
    EXPECT_GE(next, paced.now + paced.ping);
    EXPECT_LE(next, paced.now + paced.ping * 2);
  }

  EXPECT_FALSE(paced.pacing.has_stalled());
}

TEST(Pacing, TheSameTwoStatesAreComparedMoreAndMoreSeldom) {
  Paced paced;
  int gap = 1;

  for (int times = 0; times < 10; ++times) {
    paced.pacing.found_nothing(paced.now, paced.states, 0, paced.backoff);
    EXPECT_GE(paced.ready(), paced.now + paced.ping * gap) << times;
    EXPECT_LE(paced.ready(), paced.now + std::max(paced.ping * gap * 2, paced.grace)) << times;
    gap = std::min(gap * 2, kStallGapMax);
  }
}

TEST(Pacing, AfterEitherStateMovedOrTheReplicaDroppedTheComparisonMayFindSomething) {
  Paced paced;
  for (int i = 0; i < 10; ++i) {
    paced.pacing.found_nothing(paced.now, paced.states, 0, paced.backoff);
  }
  ASSERT_GT(paced.ready(), paced.now + paced.grace);

  paced.difference.states = States{{1, 9}, {3, 4}};
  EXPECT_EQ(paced.ready(), paced.now + paced.grace);
  paced.difference.states = States{{1, 2}, {3, 9}};
  EXPECT_EQ(paced.ready(), paced.now + paced.grace);
  paced.difference.states.reset();  // the peer changed, so its state hash is old
  EXPECT_EQ(paced.ready(), paced.now + paced.grace);
  paced.difference.states = paced.states;
  paced.difference.drops = 1;

  EXPECT_EQ(paced.ready(), paced.now + paced.grace);
}

TEST(Pacing, TheWaitOfOtherStatesBeginsShort) {
  Paced paced;
  for (int i = 0; i < 10; ++i) {
    paced.pacing.found_nothing(paced.now, paced.states, 0, paced.backoff);
  }
  paced.difference.states = States{{5, 6}, {7, 8}};

  paced.pacing.found_nothing(paced.now, *paced.difference.states, 0, paced.backoff);

  EXPECT_LE(paced.ready(), paced.now + std::max(paced.ping * 2, paced.grace));
}

// We have nothing to fetch from this peer, so it gave us no bad page. The next pages need not be
// small.
TEST(Pacing, ComparisonsThatFindNothingAreNoStalls) {
  Paced paced;
  paced.pacing.stalled(paced.now, paced.backoff);

  for (int i = 0; i < 3; ++i) {
    paced.pacing.found_nothing(paced.now, paced.states, 0, paced.backoff);
  }

  EXPECT_FALSE(paced.pacing.has_stalled());
  EXPECT_LE(paced.pacing.stalled(paced.now, paced.backoff), paced.now + paced.ping * 4);
}

// --- The gap that all peers share ----------------------------------------------------------------

TEST(QuietGap, AtFirstThereIsNone) {
  Paced paced;

  paced.quiet.started(paced.now);

  EXPECT_LE(paced.quiet.until(), paced.now);
}

TEST(QuietGap, DoublesWithEachExchangeThatFindsNothing) {
  Paced paced;
  base::Duration gap = paced.ping / 2;

  for (int i = 0; i < 8; ++i) {
    paced.quiet.started(paced.now);
    paced.quiet.done(paced.now, false);
    EXPECT_EQ(paced.quiet.until(), paced.now + gap) << i;
    gap = std::min(gap * 2, paced.ping * kQuietGapMax);
    paced.now = paced.quiet.until();
  }
}

TEST(QuietGap, DelaysADifferenceWithAnyPeer) {
  Paced paced;
  for (int i = 0; i < 8; ++i) paced.quiet.done(paced.now, false);

  EXPECT_EQ(paced.ready(), paced.now + paced.ping * kQuietGapMax);
}

TEST(QuietGap, NewChangesEndIt) {
  Paced paced;
  for (int i = 0; i < 8; ++i) paced.quiet.done(paced.now, false);

  paced.quiet.fetched(paced.now);
  EXPECT_EQ(paced.quiet.until(), paced.now);
  paced.quiet.done(paced.now, true);
  EXPECT_EQ(paced.quiet.until(), paced.now);
  paced.quiet.done(paced.now, false);

  EXPECT_EQ(paced.quiet.until(), paced.now + paced.ping / 2);
}

// After an hour without an exchange the gap starts again at zero.
TEST(QuietGap, IsForgottenAfterALongRest) {
  Paced paced;
  for (int i = 0; i < 8; ++i) paced.quiet.done(paced.now, false);
  base::Instant rested = paced.quiet.until() + paced.ping * kQuietGapMax;
  QuietGap longer = paced.quiet;

  paced.quiet.started(rested);
  longer.started(rested + base::nanos(1));

  EXPECT_EQ(paced.quiet.until(), rested + paced.ping * kQuietGapMax);
  EXPECT_EQ(longer.until(), rested + base::nanos(1));
}

}  // namespace
}  // namespace gossip::testing
