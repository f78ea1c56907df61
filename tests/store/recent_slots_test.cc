#include "store/recent_slots.h"

#include <gtest/gtest.h>

#include <string>

namespace store {
namespace {

SlotRow row(const std::string& name, std::int64_t id, std::size_t body = 1) {
  SlotRow row;
  row.slot = {"object", {name}, crdt::SlotType::kOrSet};
  row.cells.resize(1);
  row.cells[0].body.assign(body, 'b');
  row.id = id;
  row.stored = true;
  return row;
}

TEST(RecentSlots, TheLastRowOfASlotIsFound) {
  RecentSlots recent;
  recent.put(row("a", 1));
  recent.put(row("a", 2));
  const RecentSlots::Known* found = recent.find(row("a", 0).slot);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->id, 2);
  EXPECT_EQ(recent.find(row("b", 0).slot), nullptr);
}

TEST(RecentSlots, EveryPartOfASlotCounts) {
  RecentSlots recent;
  recent.put(row("a", 1));
  EXPECT_EQ(recent.find({"other", {"a"}, crdt::SlotType::kOrSet}), nullptr);
  EXPECT_EQ(recent.find({"object", {"a"}, crdt::SlotType::kMap}), nullptr);
  EXPECT_EQ(recent.find({"object", {"a", ""}, crdt::SlotType::kOrSet}), nullptr);
  EXPECT_EQ(recent.find({"object", {}, crdt::SlotType::kOrSet}), nullptr);
}

TEST(RecentSlots, ARowThatIsAskedForStaysWhileOthersPass) {
  RecentSlots recent;
  recent.put(row("marker", 1));
  std::size_t known = 0;
  for (int i = 0; i < 10'000; ++i) {
    recent.put(row(std::to_string(i), i));
    ASSERT_NE(recent.find(row("marker", 0).slot), nullptr) << i;
  }
  for (int i = 0; i < 10'000; ++i) {
    if (recent.find(row(std::to_string(i), 0).slot) != nullptr) ++known;
  }
  EXPECT_LE(known, 2 * RecentSlots::kGeneration);
}

TEST(RecentSlots, ARowOfTheOldGenerationIsReplacedAndForgotten) {
  RecentSlots recent;
  recent.put(row("a", 1));
  for (std::size_t i = 0; i < RecentSlots::kGeneration; ++i) {
    recent.put(row("x" + std::to_string(i), 9));
  }
  recent.put(row("a", 2));
  ASSERT_NE(recent.find(row("a", 0).slot), nullptr);
  EXPECT_EQ(recent.find(row("a", 0).slot)->id, 2);
  recent.forget(row("a", 0).slot);
  EXPECT_EQ(recent.find(row("a", 0).slot), nullptr);
}

TEST(RecentSlots, ALargeRowIsLeftOutAndTheSmallOneBeforeItIsForgotten) {
  RecentSlots recent;
  recent.put(row("a", 1));
  recent.put(row("a", 2, RecentSlots::kBytesMax + 1));
  EXPECT_EQ(recent.find(row("a", 0).slot), nullptr);
  recent.put(row("a", 3));
  recent.clear();
  EXPECT_EQ(recent.find(row("a", 0).slot), nullptr);
}

}  // namespace
}  // namespace store
