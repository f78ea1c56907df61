#include <gtest/gtest.h>

#include "gossip/spread/direct.h"
#include "tests/gossip/changes.h"

namespace gossip::testing {
namespace {

TEST(Direct, PacksSmallChangesAndSendsLargeOnesOverSessions) {
  auto random = base::Random::from_number(1);
  auto actor = random.id<base::ActorTag>();
  std::vector<crdt::SealedChange> own;
  for (std::uint64_t seq = 1; seq <= 10; ++seq) own.push_back(change_of(actor, seq));
  own.push_back(change_of(actor, 11, {}, 5'000));
  std::vector<Target> targets(3);
  Direct direct(1'100);

  PushPlan plan = direct.originate(own, targets);

  ASSERT_EQ(plan.targets.size(), 3u);
  std::size_t small = 0;
  for (const PushBatch& batch : plan.batches) {
    EXPECT_LE(batch.fits_datagram ? batch.message.size() : 0, 1'100u);
    small += batch.fits_datagram ? batch.changes : 0;
  }
  EXPECT_EQ(small, 10u);
  EXPECT_LE(plan.batches.size(), 3u);
  EXPECT_FALSE(plan.batches.back().fits_datagram);
}

TEST(Direct, EveryChangeSizeAroundTheLimitIsSent) {
  auto random = base::Random::from_number(1);
  auto actor = random.id<base::ActorTag>();
  Direct direct(1'100);
  for (std::size_t bytes = 900; bytes < 1'200; ++bytes) {
    PushPlan plan = direct.originate({change_of(actor, 1, {}, bytes)}, {});

    ASSERT_EQ(plan.batches.size(), 1u);
    EXPECT_EQ(plan.batches[0].changes, 1u);
    EXPECT_LE(plan.batches[0].fits_datagram ? plan.batches[0].message.size() : 0, 1'100u);
  }
}

TEST(Direct, ManySmallChangesGoOverSessions) {
  auto random = base::Random::from_number(1);
  auto actor = random.id<base::ActorTag>();
  std::vector<crdt::SealedChange> own;
  for (std::uint64_t seq = 1; seq <= 20'000; ++seq) own.push_back(change_of(actor, seq));
  Direct direct(1'100);

  PushPlan plan = direct.originate(own, {});

  std::size_t changes = 0;
  for (const PushBatch& batch : plan.batches) {
    EXPECT_FALSE(batch.fits_datagram);
    EXPECT_LE(batch.message.size(), kPushFrameBytes);
    changes += batch.changes;
    EXPECT_TRUE(wire::decode(batch.message).ok());
  }
  EXPECT_EQ(changes, own.size());
}

TEST(Strategy, OnlyDirectExists) {
  EXPECT_NE(make_strategy(Topology::kDirect, 1'000), nullptr);
  EXPECT_EQ(make_strategy(Topology::kPushPull, 1'000), nullptr);
  EXPECT_EQ(make_strategy(Topology::kGossip, 1'000), nullptr);
  EXPECT_EQ(make_strategy(Topology::kTree, 1'000), nullptr);
}

}  // namespace
}  // namespace gossip::testing
