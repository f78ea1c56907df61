#include "gossip/reconcile/join_policy.h"

#include <gtest/gtest.h>

namespace gossip::testing {
namespace {

struct Joins {
  Options options;
  JoinPolicy policy{options};
  Backoff backoff{options.profile, base::Random::from_number(1)};
  base::Duration ping = options.profile.ping_interval;
  base::Instant now{base::seconds(100).nanos};
  base::Instant logs_first = now + ping * kLogsFirst;  // when the log fell short at `now`
  States states{{1, 2}, {1, 3}};
};

TEST(JoinPolicy, TheLogsOfOtherPeersComeFirst) {
  Joins joins;

  joins.policy.below_floor(joins.now);

  EXPECT_EQ(joins.policy.ready(false), joins.logs_first);
}

// An empty replica lacks everything. A log that could help it would hold as much as the state, so
// the replica does not wait for one.
TEST(JoinPolicy, AnEmptyReplicaWaitsForNoLog) {
  Joins joins;

  joins.policy.below_floor(joins.now);

  EXPECT_LE(joins.policy.ready(true), joins.now);
}

// Otherwise a join from a peer that is asked often would never begin.
TEST(JoinPolicy, ALogThatFallsShortAgainDoesNotPutTheJoinOff) {
  Joins joins;
  joins.policy.below_floor(joins.now);

  joins.policy.below_floor(joins.now + joins.ping);

  EXPECT_EQ(joins.policy.ready(false), joins.logs_first);
}

TEST(JoinPolicy, ALogThatReachesBackBeginsTheWaitAnew) {
  Joins joins;
  joins.policy.below_floor(joins.now);
  joins.policy.reached_back();
  EXPECT_FALSE(joins.policy.may_wait_for_others(joins.now));

  joins.policy.below_floor(joins.now + base::seconds(60));

  EXPECT_EQ(joins.policy.ready(false), joins.logs_first + base::seconds(60));
}

TEST(JoinPolicy, WaitsForExchangesWithOthersNoLongerThanOneOfThemLasts) {
  Joins joins;
  const base::Instant end = joins.now + joins.options.exchange_timeout;
  EXPECT_FALSE(joins.policy.may_wait_for_others(joins.now));  // no log fell short yet

  joins.policy.below_floor(joins.now);

  EXPECT_TRUE(joins.policy.may_wait_for_others(joins.now));
  EXPECT_TRUE(joins.policy.may_wait_for_others(end - base::nanos(1)));
  EXPECT_FALSE(joins.policy.may_wait_for_others(end));
}

TEST(JoinPolicy, EachFailureInARowMakesTheNextJoinWaitLonger) {
  Joins joins;
  int gap = 1;

  for (int failures = 1; failures <= 10; ++failures) {
    joins.policy.ended(joins.now, false, joins.backoff);
    gap = std::min(gap * 2, kStallGapMax);
    EXPECT_GE(joins.policy.allowed(), joins.now + joins.ping * gap) << failures;
    EXPECT_LE(joins.policy.allowed(), joins.now + joins.ping * gap * 2) << failures;
    EXPECT_EQ(joins.policy.ready(true), joins.policy.allowed())
        << "an empty replica must wait after a failure, too";
  }
}

TEST(JoinPolicy, AMergeEndsTheRowOfFailures) {
  Joins joins;
  for (int i = 0; i < 5; ++i) joins.policy.ended(joins.now, false, joins.backoff);
  joins.now = joins.now + base::seconds(600);

  joins.policy.ended(joins.now, true, joins.backoff);
  EXPECT_LE(joins.policy.allowed(), joins.now);
  joins.policy.ended(joins.now, false, joins.backoff);

  EXPECT_LE(joins.policy.allowed(), joins.now + joins.ping * 4);
}

TEST(JoinPolicy, AfterAFailureTheLaterOfTheTwoWaitsCounts) {
  Joins joins;
  joins.policy.ended(joins.now, false, joins.backoff);
  const base::Instant allowed = joins.policy.allowed();

  joins.policy.below_floor(allowed - base::nanos(1));
  EXPECT_EQ(joins.policy.ready(false), allowed - base::nanos(1) + joins.ping * kLogsFirst);
  joins.policy.reached_back();
  joins.policy.below_floor(joins.now - base::seconds(60));

  EXPECT_EQ(joins.policy.ready(false), allowed);
}

TEST(JoinPolicy, TheAlarmIsRaisedOnceForEachPairOfStates) {
  Joins joins;
  const States others{joins.states.ours, {1, 9}};

  EXPECT_TRUE(joins.policy.alarm(joins.states));
  EXPECT_FALSE(joins.policy.alarm(joins.states));
  EXPECT_TRUE(joins.policy.alarm(others));
  EXPECT_FALSE(joins.policy.alarm(others));
}

TEST(JoinPolicy, TheAlarmIsRaisedAgainAfterAJoinThatFailedOnly) {
  Joins joins;
  joins.policy.alarm(joins.states);

  joins.policy.ended(joins.now, true, joins.backoff);
  EXPECT_FALSE(joins.policy.alarm(joins.states));
  joins.policy.ended(joins.now, false, joins.backoff);

  EXPECT_TRUE(joins.policy.alarm(joins.states));
}

}  // namespace
}  // namespace gossip::testing
