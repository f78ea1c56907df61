// Compares a store that folds its memtable in small slices with a plain map and with a twin that
// has no memtable, over random commits, rollbacks, rests, reopenings and scans. Readers look at old
// and new snapshots at the same time; some find the versions of the writer, others read the rows.

#include <gtest/gtest.h>

#include <algorithm>

#include "crdt/base/random.h"
#include "crdt/snapshot.h"
#include "sample.h"

namespace store {
namespace {

using Model = std::map<crdt::Slot, crdt::Cells>;

// The first two have lanes, the third has rows of its own.
constexpr const char* kObjects[] = {"images", "snapshots", "m"};

struct Bounds {
  std::size_t slots;
  std::size_t fold_slots;
  std::size_t turn_slots;
};

void expect_slot(const SlotRow& row, const Model& model) {
  const auto known = model.find(row.slot);
  ASSERT_NE(known, model.end()) << "a slot without cells is shown";
  ASSERT_EQ(row.cells, known->second);
}

std::vector<crdt::Slot> sorted(std::vector<crdt::Slot> slots) {
  std::sort(slots.begin(), slots.end(),
            [](const auto& a, const auto& b) { return crdt::compare_slots(a, b) < 0; });
  return slots;
}

// All that a connection shows must be the model.
struct Look {
  CellTable& cells;
  const Model& model;
  base::Random& random;

  void all() {
    ASSERT_NO_FATAL_FAILURE(objects());
    ASSERT_NO_FATAL_FAILURE(below_a_path());
    ASSERT_NO_FATAL_FAILURE(entries());
  }
  void objects() {
    std::vector<crdt::Slot> expected;
    for (const auto& [slot, unused] : model) expected.push_back(slot);
    expected = sorted(expected);
    std::vector<crdt::Slot> seen;
    const auto listed = cells.objects(std::nullopt, 100);
    ASSERT_TRUE(listed.ok()) << listed.error().message;
    for (const ObjectInfo& object : *listed) {
      const std::size_t first = seen.size();
      const auto status = cells.scan_object(object, nullptr, [&](SlotRow& row) {
        expect_slot(row, model);
        seen.push_back(row.slot);
        return true;
      });
      ASSERT_TRUE(status.ok()) << status.error().message;
      ASSERT_GT(seen.size(), first) << "an object without slots is listed";
      ASSERT_NO_FATAL_FAILURE(
          page_of(object, {seen.begin() + static_cast<long>(first), seen.end()}));
    }
    ASSERT_EQ(seen.size(), expected.size());
    ASSERT_TRUE(seen == expected) << "not in order";
  }
  // A page that begins behind a slot and has a bound.
  void page_of(const ObjectInfo& object, const std::vector<crdt::Slot>& all) {
    const std::size_t after = static_cast<std::size_t>(random.below(all.size()));
    const std::size_t limit = 1 + static_cast<std::size_t>(random.below(4));
    std::vector<crdt::Slot> page;
    const auto status = cells.scan_object(object, &all[after], [&](SlotRow& row) {
      page.push_back(row.slot);
      return page.size() < limit;
    });
    ASSERT_TRUE(status.ok());
    const std::size_t size = std::min(limit, all.size() - after - 1);
    const auto begin = all.begin() + static_cast<long>(after) + 1;
    ASSERT_TRUE(page == std::vector<crdt::Slot>(begin, begin + static_cast<long>(size)));
  }
  void below_a_path() {
    if (model.empty()) return;
    auto around = model.begin();
    std::advance(around, static_cast<long>(random.below(model.size())));
    std::vector<std::string> path = around->first.path;
    path.resize(static_cast<std::size_t>(random.below(path.size() + 1)));
    std::vector<crdt::Slot> expected;
    for (const auto& [slot, unused] : model) {
      if (slot.object != around->first.object || slot.path.size() < path.size()) continue;
      if (std::equal(path.begin(), path.end(), slot.path.begin())) expected.push_back(slot);
    }
    std::vector<crdt::Slot> seen;
    const auto status = cells.scan_slots(around->first.object, path, [&](const SlotRow& row) {
      expect_slot(row, model);
      seen.push_back(row.slot);
      return true;
    });
    ASSERT_TRUE(status.ok());
    ASSERT_TRUE(seen == sorted(expected)) << seen.size() << " " << expected.size();
  }
  void entries() {
    const std::string object = kObjects[random.below(3)];
    std::map<std::string, crdt::Entry> expected;
    for (const auto& [slot, live] : model) {
      const std::size_t depth = slot.path.size();
      if (slot.object != object || depth == 0 || depth > 2) continue;
      if (crdt::root_type(slot) != crdt::SlotType::kMap) continue;
      crdt::Entry& entry = expected[slot.path[0]];
      if (depth == 2 && slot.type == crdt::SlotType::kLwwRegister) {
        entry.fields[slot.path[1]] = live;
      }
      if (depth == 1 && slot.type == crdt::SlotType::kMap) entry.presence = live;
      if (depth == 1 && slot.type == crdt::SlotType::kReset) entry.reset = live;
    }
    std::vector<std::string> ids;
    const auto status = cells.scan(object, std::nullopt, [&](const crdt::Entry& entry) {
      ids.push_back(entry.id);
      expect_entry(entry, expected[entry.id]);
      return true;
    });
    ASSERT_TRUE(status.ok());
    ASSERT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    for (const auto& [id, entry] : expected) {
      const auto read = cells.entry(object, id);
      ASSERT_TRUE(read.ok());
      expect_entry(*read, entry);
      const bool shown = std::binary_search(ids.begin(), ids.end(), id);
      ASSERT_TRUE(shown || (entry.fields.empty() && entry.presence.empty()));
    }
  }
  static void expect_entry(const crdt::Entry& seen, const crdt::Entry& expected) {
    EXPECT_EQ(seen.presence, expected.presence) << seen.id;
    EXPECT_EQ(seen.reset, expected.reset) << seen.id;
    EXPECT_EQ(seen.fields, expected.fields) << seen.id;
  }
};

struct Course {
  Course(std::uint64_t seed, const Bounds& bounds) : random(base::Random::from_number(seed)) {
    options.memtable_slots = bounds.slots;
    options.memtable_fold_slots = bounds.fold_slots;
    options.memtable_fold_bytes = 400;
    options.memtable_turn_slots = bounds.turn_slots;
    options.memtable_cells_bytes = 200;
    options.memtable_rest_calls = 1;
    options.memtable_rest_slots = 2;
    options.memtable_rest_bytes = 300;
    options.wal_pages = 50;
    plain.memtable_slots = 0;
    store = sample::open(folder.file("a.db"), options);
    twin = sample::open(folder.file("b.db"), plain);
  }

  crdt::Slot slot() {
    static const std::string kParts[] = {"a", "b", "c", std::string("a\0", 2), "", "\xff", "d"};
    crdt::Slot slot;
    slot.object = kObjects[random.below(3)];
    for (std::uint64_t depth = random.below(4); depth > 0; --depth) {
      slot.path.push_back(kParts[random.below(7)]);
    }
    constexpr crdt::SlotType kTypes[] = {crdt::SlotType::kLwwRegister, crdt::SlotType::kMap,
                                         crdt::SlotType::kReset, crdt::SlotType::kOrSet};
    slot.type = kTypes[random.below(4)];
    return slot;
  }
  crdt::Cells cells() {
    crdt::Cells cells;
    for (std::uint64_t left = random.below(3); left > 0; --left) {
      const std::size_t size = random.chance(10) ? 500 : static_cast<std::size_t>(random.below(30));
      const auto who = sample::actor(static_cast<unsigned>(random.below(6)));
      cells.push_back(sample::cell(who, ++seq, random.bytes(size)));
    }
    return cells;
  }
  void commit() {
    const Model before = model;
    ASSERT_TRUE(store->begin(Durability::kNormal).ok());
    ASSERT_TRUE(twin->begin(Durability::kNormal).ok());
    const std::uint64_t operations = random.chance(12) ? 40 : 1 + random.below(6);
    for (std::uint64_t i = 0; i < operations; ++i) {
      const crdt::Slot place = slot();
      const crdt::Cells live = cells();
      ASSERT_TRUE(sample::write(*store, place, live).ok());
      ASSERT_TRUE(sample::write(*twin, place, live).ok());
      model.erase(place);
      if (!live.empty()) model[place] = live;
    }
    if (random.chance(5)) {
      Look within{store->cells(), model, random};
      ASSERT_NO_FATAL_FAILURE(within.all());
    }
    if (random.chance(5)) {
      store->rollback();
      twin->rollback();
      model = before;
    } else {
      ASSERT_TRUE(store->commit(Durability::kNormal).ok());
      ASSERT_TRUE(twin->commit(Durability::kNormal).ok());
    }
    ASSERT_EQ(store->cells().total_digest(), twin->cells().total_digest());
    ASSERT_EQ(store->cells().total_objects(), twin->cells().total_objects());
  }
  struct Beside {
    std::unique_ptr<Reader> reader;
    std::optional<Model> seen;  // the snapshot that it has
  };
  void read_beside() {
    if (readers.size() < 4) {
      const bool shares = random.chance(2);
      auto reader = Reader::open(folder.file("a.db"), shares ? options : plain);
      ASSERT_TRUE(reader.ok());
      readers.push_back({std::move(*reader), std::nullopt});
      return;
    }
    Beside& beside = readers[static_cast<std::size_t>(random.below(readers.size()))];
    if (!beside.seen) {
      if (random.chance(4)) beside.reader->release_memory();
      ASSERT_TRUE(beside.reader->begin().ok());
      beside.seen = model;
    }
    Look at{beside.reader->cells(), *beside.seen, random};
    ASSERT_NO_FATAL_FAILURE(at.all());
    ASSERT_EQ(beside.reader->meta()->digest, beside.reader->cells().total_digest());
    if (random.chance(2)) return;
    beside.reader->end();
    beside.seen.reset();
  }
  void reopen() {
    store.reset();
    store = sample::open(folder.file("a.db"), options);
  }
  void step() {
    ASSERT_NO_FATAL_FAILURE(commit());
    most = std::max(most, store->cells().slots_in_memory());
    if (random.chance(3)) {
      for (std::uint64_t calls = random.below(4); calls > 0; --calls) store->rest();
    }
    if (random.chance(2)) {
      ASSERT_NO_FATAL_FAILURE(read_beside());
    }
    if (random.chance(40)) reopen();
    if (random.chance(4)) {
      Look at{store->cells(), model, random};
      ASSERT_NO_FATAL_FAILURE(at.all());
    }
    if (random.chance(20)) {
      const auto verified = store->verify();
      ASSERT_TRUE(verified.ok()) << verified.error().message;
    }
  }
  void end() {
    readers.clear();
    sample::fold(*store);
    for (int i = 0; i < 200; ++i) store->rest();
    ASSERT_TRUE(store->verify().ok());
    ASSERT_TRUE(twin->verify().ok());
    Look at{store->cells(), model, random};
    ASSERT_NO_FATAL_FAILURE(at.all());
    store.reset();
    twin.reset();
    const auto count = [&](const char* file, const std::string& table) {
      return sample::raw_number(folder.file(file), "SELECT count(*) FROM " + table);
    };
    EXPECT_EQ(count("a.db", "recent"), 0);
    for (const char* table : {"names", "cells", "objects", "lanes"}) {
      EXPECT_EQ(count("a.db", table), count("b.db", table)) << table;
    }
  }

  base::Random random;
  sample::Folder folder;
  Options options;
  Options plain;
  std::unique_ptr<Store> store;
  std::unique_ptr<Store> twin;
  std::vector<Beside> readers;
  Model model;
  std::uint64_t seq = 0;
  std::size_t most = 0;
};

TEST(MemtablesRandom, AFoldInSlicesIsSeenByNobody) {
  constexpr Bounds kBounds[] = {{3, 1, 100}, {20, 3, 100}, {60, 2, 5}, {10'000, 5, 100}};
  std::uint64_t seed = 1;
  for (const Bounds& bounds : kBounds) {
    for (int round = 0; round < 3; ++round, ++seed) {
      Course course(seed, bounds);
      for (int step = 0; step < 250; ++step) {
        ASSERT_NO_FATAL_FAILURE(course.step()) << "seed " << seed << " step " << step;
      }
      EXPECT_GT(course.most, std::min<std::size_t>(bounds.slots, 10)) << "nothing was in memory";
      ASSERT_NO_FATAL_FAILURE(course.end()) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace store
