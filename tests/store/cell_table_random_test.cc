// Compares the table of cells with a plain map, over random operations, rollbacks and reopenings.

#include <gtest/gtest.h>

#include "crdt/base/random.h"
#include "sample.h"

namespace store {
namespace {

using Model = std::map<crdt::Slot, crdt::Cells>;

// Slots of the catalog have lanes, those of other objects have rows of their own.
constexpr const char* kObjects[] = {"images", "m", "snapshots"};

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
    slot.object = kObjects[random.below(3)];
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
    for (const char* object : kObjects) {
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
    ASSERT_NO_FATAL_FAILURE(entries_agree());
    ASSERT_NO_FATAL_FAILURE(below_every_path());
    const auto verified = store->verify_digest();
    ASSERT_TRUE(verified.ok()) << verified.error().message;
  }

  // Reads every entry alone and in a scan, and compares both with the model.
  void entries_agree() {
    for (const char* name : kObjects) {
      std::map<std::string, crdt::Entry> expected;
      for (const auto& [place, cells] : model) {
        const bool of_entry = place.path.size() == 1 || place.path.size() == 2;
        if (place.object != name || crdt::root_type(place) != crdt::SlotType::kMap || !of_entry) {
          continue;
        }
        crdt::Entry& entry = expected[place.path[0]];
        if (place.path.size() == 2) {
          if (place.type == crdt::SlotType::kLwwRegister) entry.fields[place.path[1]] = cells;
        } else if (place.type == crdt::SlotType::kMap) {
          entry.presence = cells;
        } else if (place.type == crdt::SlotType::kReset) {
          entry.reset = cells;
        }
      }
      std::vector<std::string> ids;
      const auto status = store->cells().scan(name, std::nullopt, [&](const crdt::Entry& seen) {
        ids.push_back(seen.id);
        EXPECT_TRUE(same(seen, expected[seen.id])) << base::to_hex(seen.id);
        return true;
      });
      ASSERT_TRUE(status.ok());
      ASSERT_TRUE(std::is_sorted(ids.begin(), ids.end()));
      for (const auto& [id, entry] : expected) {
        const auto read = store->cells().entry(name, id);
        ASSERT_TRUE(read.ok());
        ASSERT_TRUE(same(*read, entry)) << base::to_hex(id);
      }
    }
  }
  static bool same(const crdt::Entry& a, const crdt::Entry& b) {
    return a.presence == b.presence && a.reset == b.reset && a.fields == b.fields;
  }
  void below_every_path() {
    for (const auto& [around, unused] : model) {
      if (!random.chance(8)) continue;
      std::vector<std::string> path = around.path;
      path.resize(static_cast<std::size_t>(random.below(path.size() + 1)));
      std::map<crdt::SlotType, std::vector<crdt::Slot>> by_root;
      for (const auto& [place, cells] : model) {
        const bool below = place.path.size() >= path.size() &&
                           std::equal(path.begin(), path.end(), place.path.begin());
        if (place.object == around.object && below) {
          by_root[crdt::root_type(place)].push_back(place);
        }
      }
      std::vector<crdt::Slot> expected;
      for (const auto& [root, slots] : by_root) {
        expected.insert(expected.end(), slots.begin(), slots.end());
      }
      std::vector<crdt::Slot> seen;
      ASSERT_TRUE(store->cells()
                      .scan_slots(around.object, path,
                                  [&](const SlotRow& row) {
                                    seen.push_back(row.slot);
                                    return true;
                                  })
                      .ok());
      ASSERT_TRUE(seen == expected) << seen.size() << " " << expected.size();
    }
  }

  // Checks the order of scan_object(), which must not depend on lanes and names, and continues it
  // after every slot.
  void resume_everywhere() {
    for (const char* name : kObjects) {
      auto objects = store->cells().objects_from({name, {}}, 100);
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
