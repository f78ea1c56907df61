#include "agent/repair_watch.h"

#include <gtest/gtest.h>

namespace agent {
namespace {

base::Instant second(std::int64_t number) { return {number * 1'000'000'000}; }

gossip::MemberView member(bool in_step, gossip::MemberState state = gossip::MemberState::kAlive) {
  gossip::MemberView view;
  view.record.node.bytes[0] = 7;
  view.record.state = state;
  view.in_step = in_step;
  return view;
}

TEST(RepairWatch, AMemberWithOurStateEndsTheWait) {
  RepairWatch watch(base::seconds(60));

  EXPECT_FALSE(watch.look(second(1), {member(true), member(false)}));
  auto found = watch.look(second(2), {member(true), member(false), member(true)});

  ASSERT_TRUE(found);
  ASSERT_TRUE(found->peer);
  EXPECT_EQ(found->peer->bytes[0], 7);
}

TEST(RepairWatch, ADeadMemberIsWaitedForHoweverLong) {
  RepairWatch watch(base::seconds(60));

  EXPECT_FALSE(watch.look(second(1), {member(true), member(true, gossip::MemberState::kDead)}));
  EXPECT_FALSE(watch.look(second(999), {member(true), member(true, gossip::MemberState::kDead)}));
}

TEST(RepairWatch, WithoutAnyMemberItGoesOnAloneAfterAWhile) {
  RepairWatch watch(base::seconds(60));
  auto left = member(false, gossip::MemberState::kLeft);

  EXPECT_FALSE(watch.look(second(1), {member(true)}));
  EXPECT_FALSE(watch.look(second(30), {member(true), member(false)}));
  EXPECT_FALSE(watch.look(second(70), {member(true), left})) << "counted anew";
  EXPECT_FALSE(watch.look(second(129), {member(true)}));
  auto alone = watch.look(second(130), {member(true)});

  ASSERT_TRUE(alone);
  EXPECT_FALSE(alone->peer);
}

TEST(RepairWatch, OnlyALivingMemberIsASource) {
  EXPECT_FALSE(RepairWatch::find_source({member(true)}));
  EXPECT_FALSE(RepairWatch::find_source({member(true), member(true, gossip::MemberState::kDead)}));
  EXPECT_TRUE(RepairWatch::find_source({member(true), member(false)}));
}

}  // namespace
}  // namespace agent
