#include "crdt/types/or_set.h"

#include <gtest/gtest.h>

#include "samples.h"

namespace crdt {
namespace {

using samples::kA;
using samples::kZ;
using samples::put;
using samples::stamp;

const Slot kElement{"tags", {"\"x\""}, SlotType::kOrSet};

TEST(OrSet, AnAddReplacesTheDotsItSees) {
  Cells seen = {put({kA, 1, 0}, stamp(1)), put({kZ, 4, 2}, stamp(2))};

  Effect effect = add_presence(kElement, seen, stamp(3));

  EXPECT_EQ(effect.kills, (DotRuns{{kA, 1, 0}, {kZ, 4, 2}}));
  EXPECT_EQ(effect.body, "");
  EXPECT_EQ(effect.stamp, stamp(3));
  EXPECT_EQ(effect.kind, EffectKind::kPut);
}

TEST(OrSet, RemovingWhatIsAbsentIsNoEffect) { EXPECT_EQ(remove_seen(kElement, {}), std::nullopt); }

TEST(OrSet, ARemoveKillsAllItSeesAndNothingElse) {
  Cells a = {put({kA, 1, 0}, stamp(1))};
  Digest digest;
  auto remove = remove_seen(kElement, a);
  ASSERT_TRUE(remove);
  // The remover had not seen this one.
  a.push_back(put({kZ, 1, 0}, stamp(1)));
  for (const Cell& cell : a) digest.add(cell_element(kElement, cell));

  apply_effect(*remove, {kA, 2, 0}, a, digest);

  EXPECT_TRUE(is_present(a));
  EXPECT_EQ(a, (Cells{put({kZ, 1, 0}, stamp(1))}));
}

}  // namespace
}  // namespace crdt
