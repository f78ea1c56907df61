#include "crdt/cell.h"

#include <gtest/gtest.h>

#include <chrono>

#include "crdt/types/register.h"
#include "samples.h"

namespace crdt {
namespace {

using samples::actor;
using samples::kA;
using samples::kZ;
using samples::put;
using samples::stamp;

const Slot kSlot{"snapshots", {"snap1", "status"}, SlotType::kLwwRegister};

Digest sum_of(const Slot& slot, const Cells& cells) {
  Digest sum;
  for (const Cell& cell : cells) sum.add(cell_element(slot, cell));
  return sum;
}

TEST(Cell, GoldenElement) {
  Cell cell = put({actor(0x11), 1, 2}, stamp(1'700'000'000'123'456'789, 7), "\"completed\"");

  EXPECT_EQ(cell_element(kSlot, cell).hex(), "ab3a00d095201e60066e8f0ab8b3647c");
}

TEST(Cell, GoldenElementLargerThanTheStackBuffer) {
  Cell cell = put({actor(0x11), 1, 0}, stamp(-5, 0, "w"), std::string(2000, 'x'));

  EXPECT_EQ(cell_element({"o", {}, SlotType::kLwwRegister}, cell).hex(),
            "c23e9a1517d52332847c5934428fdb51");
}

TEST(Cell, EveryPartOfACellMovesItsElement) {
  Slot slot{"ab", {"c", "d"}, SlotType::kLwwRegister};
  Cell cell = put({kA, 1, 2}, stamp(3, 4, "w"), "body");
  Digest original = cell_element(slot, cell);

  std::vector<Digest> others;
  auto with_slot = [&](Slot other) { others.push_back(cell_element(other, cell)); };
  with_slot({"a", {"bc", "d"}, slot.type});
  with_slot({"abc", {"d"}, slot.type});
  with_slot({"ab", {"cd"}, slot.type});
  with_slot({"ab", {"c", "d", ""}, slot.type});
  with_slot({"ab", {"c", "d"}, SlotType::kMvRegister});
  auto with_cell = [&](auto edit) {
    Cell other = cell;
    edit(other);
    others.push_back(cell_element(slot, other));
  };
  with_cell([](Cell& c) { c.dot.actor = kZ; });
  with_cell([](Cell& c) { c.dot.seq = 2; });
  with_cell([](Cell& c) { c.dot.index = 1; });
  with_cell([](Cell& c) { c.kind = EffectKind::kCount; });
  with_cell([](Cell& c) { c.stamp.time.nanos = 4; });
  with_cell([](Cell& c) { c.stamp.time.counter = 5; });
  with_cell([](Cell& c) { c.stamp.writer = "wb", c.body = "ody"; });
  with_cell([](Cell& c) { c.body = "bodx"; });

  for (std::size_t i = 0; i < others.size(); ++i) EXPECT_NE(others[i], original) << i;
}

TEST(Cell, APutReplacesWhatItNamesAndKeepsTheRest) {
  Cells cells = {put({kA, 1, 0}, stamp(1), "1"), put({kZ, 1, 0}, stamp(2), "2")};
  Digest digest = sum_of(kSlot, cells);
  Effect effect{EffectKind::kPut, kSlot, {{kA, 1, 0}}, stamp(3), "3"};

  bool changed = apply_effect(effect, {kA, 2, 0}, cells, digest);

  EXPECT_TRUE(changed);
  EXPECT_EQ(cells, (Cells{put({kA, 2, 0}, stamp(3), "3"), put({kZ, 1, 0}, stamp(2), "2")}));
  EXPECT_EQ(digest, sum_of(kSlot, cells));
}

TEST(Cell, KillsOfDotsThatAreGoneChangeNothing) {
  Cells cells = {put({kA, 1, 0}, stamp(1), "1")};
  Digest digest = sum_of(kSlot, cells);
  Effect effect{EffectKind::kRemove, kSlot, {{kA, 1, 1}, {kZ, 1, 0}}, {}, {}, {}};

  bool changed = apply_effect(effect, {kZ, 2, 0}, cells, digest);

  EXPECT_FALSE(changed);
  EXPECT_EQ(cells.size(), 1u);
  EXPECT_EQ(digest, sum_of(kSlot, cells));
}

TEST(Cell, ARemoveLeavesNothingBehind) {
  Cells cells = {put({kA, 1, 0}, stamp(1), "1"), put({kZ, 1, 0}, stamp(2), "2")};
  Digest digest = sum_of(kSlot, cells);
  Effect effect{EffectKind::kRemove, kSlot, {{kA, 1, 0}, {kZ, 1, 0}}, {}, {}, {}};

  EXPECT_TRUE(apply_effect(effect, {kZ, 2, 0}, cells, digest));

  EXPECT_TRUE(cells.empty());
  EXPECT_TRUE(digest.is_zero());
}

TEST(Cell, UnknownKindsKillAndStayLikeAnyOther) {
  Cells cells = {put({kA, 1, 0}, stamp(1), "1")};
  Digest digest = sum_of(kSlot, cells);
  Effect effect{static_cast<EffectKind>(99), kSlot, {{kA, 1, 0}}, stamp(9), "\xFF"};

  EXPECT_TRUE(apply_effect(effect, {kZ, 1, 3}, cells, digest));

  ASSERT_EQ(cells.size(), 1u);
  EXPECT_EQ(cells[0].kind, static_cast<EffectKind>(99));
  EXPECT_EQ(cells[0].body, "\xFF");
  EXPECT_EQ(digest, sum_of(kSlot, cells));
}

TEST(Cell, ADotIsKeptOnce) {
  Cells cells;
  Digest digest;
  Effect effect{EffectKind::kPut, kSlot, {}, stamp(1), "1"};

  EXPECT_TRUE(apply_effect(effect, {kA, 1, 0}, cells, digest));
  EXPECT_FALSE(apply_effect(effect, {kA, 1, 0}, cells, digest));

  EXPECT_EQ(cells.size(), 1u);
  EXPECT_EQ(digest, sum_of(kSlot, cells));
}

TEST(Cell, ManyKillsTakeNoQuadraticTime) {
  Cells cells;
  Effect effect{EffectKind::kRemove, kSlot, {}, {}, {}, {}};
  for (std::uint64_t i = 1; i <= kEffectKillsMax; ++i) {
    cells.push_back(put({kA, 2 * i, 0}, {}, "x"));
    effect.kills.push_back({kA, 2 * i, 0});
  }
  Digest digest = sum_of(kSlot, cells);
  auto start = std::chrono::steady_clock::now();

  EXPECT_TRUE(apply_effect(effect, {kZ, 1, 0}, cells, digest));

  EXPECT_TRUE(cells.empty());
  EXPECT_TRUE(digest.is_zero());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(Cell, ABodyIsTextAndTag) {
  EXPECT_EQ(value_of("1"), "1");
  EXPECT_EQ(tag_of("1"), "");
  EXPECT_EQ(value_of(std::string_view("1\0t\0u", 5)), "1");
  EXPECT_EQ(tag_of(std::string_view("1\0t\0u", 5)), std::string_view("t\0u", 3));
  EXPECT_EQ(value_of(""), "");
  EXPECT_EQ(value_of(std::string_view("\0t", 2)), "");
  EXPECT_EQ(tag_of(std::string_view("\0t", 2)), "t");
}

TEST(Register, TheHighestStampWinsThenTheDot) {
  Cells cells = {put({kA, 1, 0}, stamp(5), "a"), put({kA, 2, 0}, stamp(7), "b"),
                 put({kZ, 1, 0}, stamp(7), "c"), put({kZ, 2, 0}, stamp(6, 9), "d")};

  EXPECT_EQ(winner(cells), 2u);
  EXPECT_EQ(winner({}), std::nullopt);
  EXPECT_EQ(rule_between(cells[2], cells[1]), "dot");
  EXPECT_EQ(rule_between(cells[2], cells[3]), "stamp");
  EXPECT_EQ(rule_between(cells[2], cells[2]), "only");
}

TEST(Register, CounterThenWriterOrderEqualNanos) {
  EXPECT_TRUE(loses(put({kZ, 9, 0}, stamp(1, 1)), put({kA, 1, 0}, stamp(1, 2))));
  EXPECT_TRUE(loses(put({kZ, 9, 0}, stamp(1, 1, "a")), put({kA, 1, 0}, stamp(1, 1, "b"))));
  EXPECT_TRUE(loses(put({kZ, 9, 0}, stamp(1, 1)), put({kA, 1, 0}, stamp(1, 1, "a"))));
  EXPECT_TRUE(loses(put({kA, 9, 0}, stamp(-2)), put({kA, 1, 0}, stamp(-1))));
}

// The bytes of a value must not decide. Otherwise a change of the encoder could change which value
// wins.
TEST(Register, ValuesNeverDecide) {
  EXPECT_TRUE(loses(put({kA, 1, 0}, stamp(1), "zzz"), put({kZ, 1, 0}, stamp(1), "aaa")));
  EXPECT_TRUE(loses(put({kA, 1, 0}, stamp(1), "aaa"), put({kZ, 1, 0}, stamp(1), "zzz")));
}

}  // namespace
}  // namespace crdt
