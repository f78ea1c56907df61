#include "store/memtable.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>

#include "crdt/base/random.h"
#include "store/memtable_version.h"

namespace store {
namespace {

std::string cells_at(const Memtable& table, CellKey key, std::int64_t last) {
  const Memtable::Entry* entry = table.find(key, last);
  if (!entry) return "-";
  return entry->live() ? std::string(entry->cells()) : "none";
}

TEST(Memtable, EachSnapshotSeesTheNewestUpToItsEnd) {
  Memtable table(10);
  table.insert({"b", 1}, 3, "three");
  table.insert({"b", 1}, 5, std::nullopt);
  table.insert({"b", 1}, 9, "nine");

  EXPECT_EQ(cells_at(table, {"b", 1}, 2), "-");
  EXPECT_EQ(cells_at(table, {"b", 1}, 3), "three");
  EXPECT_EQ(cells_at(table, {"b", 1}, 8), "none");
  EXPECT_EQ(cells_at(table, {"b", 1}, 9), "nine");
  EXPECT_EQ(cells_at(table, {"b", 0}, 9), "-");
  EXPECT_EQ(cells_at(table, {"b", 2}, 9), "-");
  EXPECT_EQ(cells_at(table, {"bb", 1}, 9), "-");
}

TEST(Memtable, EntriesComeInOrderOfNameAndLaneAndTheNewestFirst) {
  Memtable table(10);
  const std::string zero("a\0b", 3);
  for (const auto& [name, lane] :
       std::map<std::string, std::uint8_t>{{"b", 0}, {"", 7}, {zero, 1}, {"a", 255}, {"\xff", 3}}) {
    table.insert({name, lane}, 1, name);
  }
  table.insert({"a", 255}, 2, "newer");
  std::vector<std::string> seen;
  for (const auto* entry = table.seek({}, 2); entry; entry = table.next(*entry, 2)) {
    seen.emplace_back(entry->cells());
  }

  EXPECT_EQ(seen, (std::vector<std::string>{"", "newer", "a", zero, "b", "\xff"}));
  EXPECT_EQ(table.seek_behind("a", 2)->name(), zero);
  EXPECT_EQ(table.seek({"a", 255}, 1)->position(), 1);
  EXPECT_EQ(table.seek_behind("\xff", 2), nullptr);
  EXPECT_EQ(table.last_name(), "\xff");
}

TEST(Memtable, WhatIsUndoneIsSeenByNobodyAndHidesNothing) {
  Memtable table(10);
  table.insert({"a", 1}, 1, "kept");
  table.keep();
  table.insert({"a", 1}, 2, "gone");
  table.insert({"b", 1}, 2, "gone");

  table.undo();

  EXPECT_EQ(cells_at(table, {"a", 1}, 2), "kept");
  EXPECT_EQ(cells_at(table, {"b", 1}, 100), "-");
  EXPECT_EQ(table.seek_behind("a", 100), nullptr);
  table.insert({"a", 1}, 2, "second");
  EXPECT_EQ(cells_at(table, {"a", 1}, 2), "second");
  EXPECT_EQ(cells_at(table, {"a", 1}, 1), "kept");
}

TEST(Memtable, AgreesWithAMapAtEveryPosition) {
  auto random = base::Random::from_number(4);
  using Key = std::pair<std::string, std::uint8_t>;
  Memtable table(2'000);
  std::map<Key, std::string> now;
  std::map<std::int64_t, std::map<Key, std::string>> then;
  for (std::int64_t position = 1; position <= 400; ++position) {
    for (std::uint64_t i = random.below(12); i > 0; --i) {
      const auto lane = static_cast<std::uint8_t>(random.below(3));
      const Key key{"k" + std::to_string(random.below(300)), lane};
      if (now.contains(key) && now[key].starts_with(std::to_string(position) + ":")) continue;
      const std::string cells = std::to_string(position) + ":" + std::to_string(i);
      table.insert({key.first, key.second}, position, cells);
      now[key] = cells;
    }
    table.keep();
    if (position % 40 == 0) then[position] = now;
  }
  for (const auto& [position, expected] : then) {
    std::map<Key, std::string> seen;
    for (const auto* entry = table.seek({}, position); entry;
         entry = table.next(*entry, position)) {
      seen.emplace(Key{entry->name(), entry->lane()}, entry->cells());
    }
    ASSERT_EQ(seen, expected);
    for (int i = 0; i < 300; ++i) {
      const Key key{"k" + std::to_string(i), 1};
      const auto known = expected.find(key);
      ASSERT_EQ(cells_at(table, {key.first, 1}, position),
                known == expected.end() ? "-" : known->second);
    }
  }
}

TEST(MemtableShare, AVersionIsFoundByItsOwnNameOnly) {
  MemtableShare share;
  const auto version = [](std::int64_t last) {
    return MemtableVersion{{1, last, 7}, std::make_shared<Memtable>(1), nullptr};
  };
  for (std::int64_t last = 1; last <= 100; ++last) share.put(version(last));

  EXPECT_EQ(share.find({1, 100, 7})->name.last, 100);
  EXPECT_EQ(share.find({1, 60, 7})->name.last, 60);
  EXPECT_FALSE(share.find({1, 100, 8}).has_value());
  EXPECT_FALSE(share.find({2, 100, 7}).has_value());
  EXPECT_FALSE(share.find({1, 101, 7}).has_value());
  EXPECT_FALSE(share.find({1, 20, 7}).has_value()) << "more than the bound is kept";
  const auto again = version(60);
  share.put(again);
  EXPECT_EQ(share.find({1, 60, 7})->active, again.active) << "the older one of a name is found";
  share.clear();
  EXPECT_FALSE(share.find({1, 100, 7}).has_value());
}

// The reader's snapshot is that of position 1, while another thread inserts newer entries between
// those that it walks over.
TEST(Memtable, AWalkStandsStillWhileAnotherThreadInserts) {
  Memtable table(10'000);
  const auto name = [](int i) { return std::to_string(100'000 + i); };
  for (int i = 0; i < 500; i += 2) table.insert({name(i), 1}, 1, name(i));
  table.keep();
  std::thread writer([&] {
    for (std::int64_t position = 2; position < 40; ++position) {
      for (int i = 0; i < 500; i += 3) table.insert({name(i), 1}, position, "newer");
      if (position % 3 == 0) table.undo();
      table.keep();
    }
  });

  for (int round = 0; round < 200; ++round) {
    int next = 0;
    for (const auto* entry = table.seek({}, 1); entry; entry = table.next(*entry, 1), next += 2) {
      ASSERT_EQ(entry->name(), name(next));
      ASSERT_EQ(entry->cells(), name(next));
      ASSERT_EQ(table.find({name(next), 1}, 1), entry);
    }
    ASSERT_EQ(next, 500);
  }
  writer.join();
}

}  // namespace
}  // namespace store
