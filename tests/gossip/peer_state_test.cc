#include "gossip/reconcile/peer_state.h"

#include <gtest/gtest.h>

namespace gossip::testing {
namespace {

constexpr base::Instant kFirst{10};
constexpr base::Instant kThen{20};
constexpr base::Instant kLast{30};
constexpr States kBelowAt{{1, 2}, {3, 4}};

TEST(PeerState, NothingIsKnownAtFirst) {
  PeerState state;

  EXPECT_FALSE(state.differs_since());
  EXPECT_EQ(state.exchange(), nullptr);
  EXPECT_FALSE(state.is_joining());
  EXPECT_FALSE(state.is_below(kBelowAt));
  EXPECT_FALSE(state.is_below(std::nullopt));
}

// The grace counts from the first message that showed the difference. Each later ping shows the
// difference again and must not change that.
TEST(PeerState, ADifferenceKeepsItsTimeWhileItLasts) {
  PeerState state;
  state.differs(kFirst);
  state.differs(kThen);
  EXPECT_EQ(state.differs_since(), kFirst);

  state.equals();
  EXPECT_FALSE(state.differs_since());
  state.differs(kLast);

  EXPECT_EQ(state.differs_since(), kLast);
}

TEST(PeerState, AnExchangeThatBreaksLeavesTheDifferenceWithItsTime) {
  PeerState state;
  state.differs(kFirst);
  state.begin_exchange(false);
  EXPECT_EQ(state.differs_since(), kFirst);

  state.exchange_broke(kLast);

  EXPECT_EQ(state.exchange(), nullptr);
  EXPECT_EQ(state.differs_since(), kFirst);
}

// The first exchange with a seed does not wait for a difference. If it breaks, the peer is asked
// again as if one was known.
TEST(PeerState, AnExchangeWithoutADifferenceThatBreaksLeavesOne) {
  PeerState state;
  state.begin_exchange(false);
  EXPECT_FALSE(state.differs_since());

  state.exchange_broke(kLast);

  EXPECT_EQ(state.differs_since(), kLast);
}

TEST(PeerState, AnExchangeThatIsDoneLeavesNothing) {
  PeerState state;
  state.differs(kFirst);
  state.begin_exchange(false);

  state.exchange_done();

  EXPECT_EQ(state.exchange(), nullptr);
  EXPECT_FALSE(state.differs_since());
}

// A push may bring the missing changes while an exchange runs. This does not end the exchange.
TEST(PeerState, EqualStatesEndNeitherAnExchangeNorAJoin) {
  PeerState exchanging;
  exchanging.differs(kFirst);
  exchanging.begin_exchange(false);
  PeerState joining;
  joining.differs(kFirst);
  joining.begin_join();

  exchanging.equals();
  joining.equals();

  EXPECT_NE(exchanging.exchange(), nullptr);
  EXPECT_TRUE(joining.is_joining());
  EXPECT_FALSE(exchanging.differs_since());
  EXPECT_FALSE(joining.differs_since());
}

TEST(PeerState, ADifferenceThatComesMeanwhileIsRemembered) {
  PeerState exchanging;
  exchanging.begin_exchange(false);
  exchanging.differs(kThen);
  exchanging.differs(kLast);
  PeerState joining;
  joining.begin_join();
  joining.differs(kThen);

  exchanging.exchange_broke(kLast);
  joining.join_ended(kLast);

  EXPECT_EQ(exchanging.differs_since(), kThen);
  EXPECT_EQ(joining.differs_since(), kThen);
}

TEST(PeerState, AnExchangeIsNewEachTime) {
  PeerState state;
  state.begin_exchange(true).vector_came();
  EXPECT_TRUE(state.exchange()->is_cautious());
  state.exchange_broke(kFirst);

  state.begin_exchange(false);

  EXPECT_TRUE(state.exchange()->awaits_vector());
  EXPECT_FALSE(state.exchange()->is_cautious());
}

TEST(PeerState, IsBelowUntilOneOfTheTwoMoves) {
  PeerState state;
  state.differs(kFirst);
  state.fell_below(kBelowAt);

  EXPECT_TRUE(state.is_below(kBelowAt));
  EXPECT_EQ(state.differs_since(), kFirst);
  EXPECT_FALSE(state.is_below(States{kBelowAt.ours, {3, 5}}));
  EXPECT_FALSE(state.is_below(States{{1, 5}, kBelowAt.theirs}));
  EXPECT_FALSE(state.is_below(std::nullopt));
}

// Example: the vectors were compared and we lack nothing of this peer, but its log is as short as
// before. Equal states show that we need nothing of it.
TEST(PeerState, OnlyEqualStatesEndBelowTheFloor) {
  PeerState state;
  state.differs(kFirst);
  state.fell_below(kBelowAt);

  state.settle();
  EXPECT_FALSE(state.differs_since());
  EXPECT_TRUE(state.is_below(kBelowAt));
  state.equals();

  EXPECT_FALSE(state.is_below(kBelowAt));
}

// The replica may begin a join itself while an exchange with the same peer runs.
TEST(PeerState, AJoinEndsAnExchange) {
  PeerState state;
  state.differs(kFirst);
  state.begin_exchange(false);

  state.begin_join();

  EXPECT_EQ(state.exchange(), nullptr);
  EXPECT_TRUE(state.is_joining());
  EXPECT_EQ(state.differs_since(), kFirst);
}

TEST(PeerState, AJoinThatEndsLeavesADifferenceToLookAt) {
  PeerState known;
  known.differs(kFirst);
  known.fell_below(kBelowAt);
  known.begin_join();
  PeerState unknown;
  unknown.begin_join();

  known.join_ended(kLast);
  unknown.join_ended(kLast);

  EXPECT_FALSE(known.is_joining());
  EXPECT_FALSE(known.is_below(kBelowAt));
  EXPECT_EQ(known.differs_since(), kFirst);
  EXPECT_EQ(unknown.differs_since(), kLast);
}

// The replica could not begin a join, and reports its end while an exchange with the peer runs.
TEST(PeerState, TheEndOfAJoinThatNeverBeganDoesNotEndAnExchange) {
  PeerState state;
  state.begin_exchange(false).wait_until(kThen);

  state.join_ended(kLast);

  ASSERT_NE(state.exchange(), nullptr);
  EXPECT_EQ(state.exchange()->deadline(), kThen);
  EXPECT_EQ(state.differs_since(), kLast);
}

}  // namespace
}  // namespace gossip::testing
