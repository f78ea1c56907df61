#include <gtest/gtest.h>

#include "crdt/slot.h"
#include "crdt/version_vector.h"
#include "samples.h"

namespace crdt {
namespace {

using samples::actor;
using samples::kA;
using samples::kZ;

TEST(VersionVector, UnknownActorsStandAtZero) {
  VersionVector vector;

  EXPECT_EQ(vector.seq_of(kA), 0u);
  EXPECT_EQ(vector.head_of(kA), Head{});
  EXPECT_TRUE(vector.covers(kA, 0));
  EXPECT_FALSE(vector.covers(kA, 1));
}

TEST(VersionVector, SettingZeroForgets) {
  VersionVector vector;
  vector.set(kA, {3, 33});
  vector.set(kA, {0, 0});

  EXPECT_TRUE(vector.empty());
  EXPECT_EQ(vector, VersionVector{});
}

TEST(VersionVector, CoversOnlyWhatIsAtOrBelow) {
  VersionVector large;
  large.set(kA, {3, 33});
  large.set(kZ, {1, 11});
  VersionVector small;
  small.set(kA, {3, 0});

  EXPECT_TRUE(large.covers(small));
  EXPECT_TRUE(large.covers(large));
  EXPECT_FALSE(small.covers(large));
  small.set(actor(7), {1, 0});
  EXPECT_FALSE(large.covers(small));
}

TEST(VersionVector, WhatIsAheadAndHowFar) {
  VersionVector ours;
  ours.set(kA, {3, 33});
  ours.set(actor(7), {9, 99});
  VersionVector newer;
  newer.set(kA, {5, 55});
  newer.set(kZ, {2, 22});
  newer.set(actor(7), {4, 44});

  auto ahead = ours.ahead_in(newer);

  EXPECT_EQ(ahead, (VersionVector::Entries{{kA, {5, 55}}, {kZ, {2, 22}}}));
  EXPECT_EQ(ours.lag_behind(newer), 4u);
  EXPECT_EQ(ours.lag_behind(ours), 0u);
}

TEST(VersionVector, ClaimsBeyondTheNumberRangeDoNotWrap) {
  VersionVector ours;
  VersionVector claims;
  claims.set(kA, {UINT64_MAX, 1});
  claims.set(kZ, {UINT64_MAX, 1});

  EXPECT_EQ(ours.lag_behind(claims), UINT64_MAX);
}

TEST(Dot, TextNamesActorSeqAndIndex) {
  EXPECT_EQ((Dot{actor(0xAB), 12, 3}).text(), "abababababababababababababababab:12:3");
}

TEST(Slot, TypeNamesComeBack) {
  for (int number = 1; number <= 8; ++number) {
    auto type = static_cast<SlotType>(number);
    EXPECT_EQ(type_from_name(type_name(type)), type);
  }
  EXPECT_EQ(type_from_name("rga"), SlotType::kSeq);
  EXPECT_EQ(type_from_name("seq_crdt"), SlotType::kSeq);
  EXPECT_EQ(type_from_name("unknown"), std::nullopt);
  EXPECT_EQ(type_name(static_cast<SlotType>(99)), "unknown");
}

TEST(Slot, RootTypeFollowsThePlace) {
  EXPECT_EQ(root_type({"o", {}, SlotType::kSeq}), SlotType::kSeq);
  EXPECT_EQ(root_type({"o", {"e"}, SlotType::kOrSet}), SlotType::kOrSet);
  EXPECT_EQ(root_type({"o", {"k", "e"}, SlotType::kOrSet}), SlotType::kMap);
  EXPECT_EQ(root_type({"o", {"k"}, SlotType::kLwwRegister}), SlotType::kMap);
}

}  // namespace
}  // namespace crdt
