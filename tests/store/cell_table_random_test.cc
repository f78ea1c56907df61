// The table of cells against a plain map, over random operations with rollbacks and reopenings.

#include <gtest/gtest.h>

#include "crdt/base/random.h"
#include "sample.h"

namespace store {
namespace {

using Model = std::map<crdt::Slot, crdt::Cells>;

struct Walk {
  explicit Walk(std::uint64_t seed) : random(base::Random::from_number(seed)) {}

  std::string component() {
    static const std::string kParts[] = {
        "",  std::string(1, '\0'), "a",   "b", std::string("a\0", 2),
        "c", std::string(90, 'n'), "\xff"};
    return kParts[random.below(8)];
  }
  crdt::Slot slot() {
    crdt::Slot slot;
    slot.object = random.chance(2) ? "m" : "snapshots";
    for (std::uint64_t depth = random.below(5); depth > 0; --depth) {
      slot.path.push_back(component());
    }
    if (slot.path.size() >= 2 && random.chance(2)) {
      slot.path.back() = "f" + std::to_string(random.below(400));  // more names than lanes
    }
    const std::uint64_t type = random.below(8);
    slot.type = static_cast<crdt::SlotType>(type + 1);
    return slot;
  }
  crdt::Cells cells() {
    crdt::Cells cells;
    for (std::uint64_t left = random.below(4); left > 0; --left) {
      const std::uint64_t size = random.chance(40) ? 9000 : random.below(40);
      const std::uint64_t who = random.below(50);
      cells.push_back(sample::cell(sample::actor(static_cast<unsigned>(who)), ++seq,
                                   random.bytes(static_cast<std::size_t>(size))));
    }
    return cells;
  }
  void one() {
    const crdt::Slot place = slot();
    if (random.chance(3)) {
      const auto known = model.find(place);
      ASSERT_EQ(sample::read(*store, place), known == model.end() ? crdt::Cells() : known->second);
      return;
    }
    const crdt::Cells live = cells();
    ASSERT_TRUE(sample::write(*store, place, live).ok());
    model.erase(place);
    if (!live.empty()) model[place] = live;
  }
  void transaction(int operations) {
    const Model before = model;
    ASSERT_TRUE(store->begin(Durability::kNormal).ok());
    for (int i = 0; i < operations; ++i) ASSERT_NO_FATAL_FAILURE(one());
    if (random.chance(4)) {
      store->rollback();
      model = before;
    } else {
      ASSERT_TRUE(store->commit(Durability::kNormal).ok());
    }
  }
  void compare() {
    for (const char* object : {"m", "snapshots"}) {
      std::map<crdt::SlotType, Model> by_root;
      for (const auto& [place, cells] : model) {
        if (place.object == object) by_root[crdt::root_type(place)][place] = cells;
      }
      std::vector<std::pair<crdt::Slot, crdt::Cells>> expected;
      for (const auto& [root, slots] : by_root) {
        expected.insert(expected.end(), slots.begin(), slots.end());
      }
      std::vector<std::pair<crdt::Slot, crdt::Cells>> seen;
      const auto status = store->cells().scan_slots(object, {}, [&](const SlotRow& row) {
        seen.emplace_back(row.slot, row.cells);
        return true;
      });
      ASSERT_TRUE(status.ok()) << status.error().message;
      ASSERT_TRUE(seen == expected) << seen.size() << " " << expected.size();
    }
    ASSERT_NO_FATAL_FAILURE(resume_everywhere());
    const auto verified = store->verify_digest();
    ASSERT_TRUE(verified.ok()) << verified.error().message;
  }

  // The order of a snapshot, whatever lanes and names say; it can be entered behind any slot.
  void resume_everywhere() {
    for (const char* name : {"m", "snapshots"}) {
      auto objects = store->cells().objects_from(name, 100);
      ASSERT_TRUE(objects.ok());
      for (const ObjectInfo& object : *objects) {
        if (object.name != name) continue;
        std::vector<crdt::Slot> all = slots_after(object, nullptr);
        for (std::size_t i = 0; i < all.size(); ++i) {
          const bool grows = i == 0 || crdt::compare_slots(all[i - 1], all[i]) < 0;
          ASSERT_TRUE(grows) << i;
          if (!random.chance(4)) continue;
          std::vector<crdt::Slot> rest(all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.end());
          ASSERT_TRUE(slots_after(object, &all[i]) == rest) << i;
        }
      }
    }
  }
  std::vector<crdt::Slot> slots_after(const ObjectInfo& object, const crdt::Slot* after) {
    std::vector<crdt::Slot> slots;
    const auto status = store->cells().scan_object(object, after, [&](SlotRow& row) {
      slots.push_back(row.slot);
      return true;
    });
    EXPECT_TRUE(status.ok());
    return slots;
  }

  base::Random random;
  sample::Folder folder;
  std::unique_ptr<Store> store = sample::open(folder.file("a.db"));
  Model model;
  std::uint64_t seq = 0;
};

TEST(CellTableRandom, TwentyThousandOperationsAgreeWithAMap) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    Walk walk(seed);
    for (int turn = 0; turn < 200; ++turn) {
      ASSERT_NO_FATAL_FAILURE(walk.transaction(25)) << "seed " << seed << " turn " << turn;
      if (turn % 20 == 19) {
        walk.store.reset();
        walk.store = sample::open(walk.folder.file("a.db"));
        ASSERT_NO_FATAL_FAILURE(walk.compare()) << "seed " << seed << " turn " << turn;
      }
    }
  }
}

}  // namespace
}  // namespace store
