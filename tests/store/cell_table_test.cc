#include "store/cell_table.h"

#include <gtest/gtest.h>

#include "sample.h"
#include "store/lanes.h"

namespace store {
namespace {

using crdt::SlotType;
using sample::actor;
using sample::cell;
using sample::slot;

struct Cells : testing::Test {
  crdt::Slot field(const std::string& id, const std::string& name) {
    return slot("snapshots", {id, name}, SlotType::kLwwRegister);
  }
  void put(const crdt::Slot& place, const std::string& body) {
    ASSERT_TRUE(sample::commit(*store, place, {cell(actor(1), ++seq, body)}).ok());
  }
  void drop(const crdt::Slot& place) { ASSERT_TRUE(sample::commit(*store, place, {}).ok()); }
  std::string body(const crdt::Slot& place) {
    const crdt::Cells cells = sample::read(*store, place);
    return cells.empty() ? "-" : cells[0].body;
  }
  void reopen() {
    store.reset();
    store = sample::open(path);
  }
  std::int64_t count(const std::string& table) {
    sample::fold(*store);
    store.reset();
    const auto rows = sample::raw_number(path, "SELECT count(*) FROM " + table);
    store = sample::open(path);
    return rows;
  }
  std::size_t fields_in_scan() {
    std::size_t fields = 0;
    const auto status =
        store->cells().scan("snapshots", std::nullopt, [&](const crdt::Entry& seen) {
          fields += seen.fields.size();
          return true;
        });
    EXPECT_TRUE(status.ok());
    return fields;
  }
  std::vector<std::string> scan_ids(std::optional<std::string_view> after, std::size_t limit) {
    std::vector<std::string> ids;
    const auto status = store->cells().scan("snapshots", after, [&](const crdt::Entry& entry) {
      ids.push_back(entry.id);
      return ids.size() < limit;
    });
    EXPECT_TRUE(status.ok());
    return ids;
  }
  std::vector<std::string> scan_paths(const std::string& object,
                                      const std::vector<std::string>& start) {
    std::vector<std::string> shown;
    const auto status = store->cells().scan_slots(object, start, [&](const SlotRow& row) {
      std::string text;
      for (const std::string& component : row.slot.path) text += "/" + component;
      shown.push_back(text + ":" + std::to_string(static_cast<int>(row.slot.type)));
      return true;
    });
    EXPECT_TRUE(status.ok());
    return shown;
  }

  sample::Folder folder;
  std::string path = folder.file("a.db");
  std::unique_ptr<Store> store = sample::open(path);
  std::uint64_t seq = 0;
};

TEST_F(Cells, SlotsOfAllShapesAreKeptApart) {
  const std::string zero(1, '\0');
  const std::vector<crdt::Slot> places = {
      slot("o", {}, SlotType::kMap),
      slot("o", {}, SlotType::kReset),
      slot("o", {""}, SlotType::kMap),
      slot("o", {""}, SlotType::kLwwRegister),
      slot("o", {"", ""}, SlotType::kLwwRegister),
      slot("o", {"", ""}, SlotType::kMap),
      slot("o", {"", "", ""}, SlotType::kLwwRegister),
      slot("o", {zero}, SlotType::kMap),
      slot("o", {zero + zero}, SlotType::kMap),
      slot("o", {zero, zero}, SlotType::kLwwRegister),
      slot("o", {"a"}, SlotType::kMap),
      slot("o", {"a", "b"}, SlotType::kLwwRegister),
      slot("o", {"a", "b"}, SlotType::kMvRegister),
      slot("o", {"a", "b", "c"}, SlotType::kLwwRegister),
      slot("o", {"a", "b"}, SlotType::kOrSet),
      slot("o", {std::string(512, 'i'), "f"}, SlotType::kLwwRegister),
      slot("o", {"a", std::string(1024, 'f')}, SlotType::kLwwRegister),
      slot("o", {std::string(1024, '\0'), std::string(1024, '\0')}, SlotType::kLwwRegister),
      slot("o", std::vector<std::string>(16, "d"), SlotType::kLwwRegister),
      slot("o", {"e"}, SlotType::kOrSet),
      slot("o", {"a"}, static_cast<SlotType>(250)),
      slot("p", {"a"}, SlotType::kMap),
  };
  for (std::size_t i = 0; i < places.size(); ++i) put(places[i], std::to_string(i));

  reopen();

  for (std::size_t i = 0; i < places.size(); ++i) EXPECT_EQ(body(places[i]), std::to_string(i));
  EXPECT_TRUE(store->verify_digest().ok());
  for (const crdt::Slot& place : places) drop(place);
  EXPECT_TRUE(store->cells().total_digest().is_zero());
  EXPECT_EQ(count("names"), 0);
  EXPECT_EQ(count("cells"), 0);
  EXPECT_EQ(count("objects"), 0);
}

TEST_F(Cells, TwoLiveCellsShareARow) {
  const crdt::Cells both = {cell(actor(1), 4, "mine"), cell(actor(2), 9, "yours")};

  ASSERT_TRUE(sample::commit(*store, field("a", "f"), both).ok());

  reopen();
  EXPECT_EQ(sample::read(*store, field("a", "f")), both);
  EXPECT_EQ(store->cells().total_cells(), 2);
  EXPECT_EQ(count("cells"), 1);
}

TEST_F(Cells, AnEntryHoldsPresenceResetAndFields) {
  put(crdt::presence_slot("snapshots", "a"), "");
  put(crdt::reset_slot("snapshots", "a"), "r");
  put(field("a", "size"), "1");
  put(field("a", ""), "2");
  put(field("a", std::string(200, 'n')), "3");  // too long for a lane
  put(slot("snapshots", {"a", "tags", "deep"}, SlotType::kLwwRegister), "4");
  put(slot("snapshots", {"a", "set"}, SlotType::kOrSet), "5");
  put(field("aa", "size"), "6");

  const auto entry = store->cells().entry("snapshots", "a");

  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(entry->presence.size(), 1u);
  EXPECT_EQ(entry->reset[0].body, "r");
  ASSERT_EQ(entry->fields.size(), 3u);
  EXPECT_EQ(entry->fields.at("size")[0].body, "1");
  EXPECT_EQ(entry->fields.at("")[0].body, "2");
  EXPECT_EQ(entry->fields.at(std::string(200, 'n'))[0].body, "3");
  EXPECT_TRUE(store->cells().entry("snapshots", "b")->fields.empty());
  EXPECT_EQ(store->cells().entry("none", "b")->object, "none");
}

TEST_F(Cells, ManyDeepSlotsDoNotHideAFieldAfterThem) {
  for (int i = 0; i < 600; ++i) {
    put(slot("snapshots", {"a", "k", std::to_string(i)}, SlotType::kOrSet), "e");
  }
  put(field("a", std::string(100, 'z')), "last");
  put(field("b", "f"), "next");

  const auto entry = store->cells().entry("snapshots", "a");

  ASSERT_EQ(entry->fields.size(), 1u);
  EXPECT_EQ(entry->fields.begin()->second[0].body, "last");
  EXPECT_EQ(scan_ids(std::nullopt, 9), (std::vector<std::string>{"a", "b"}));
}

// The deeper slot has a row of its own in `names`, which sorts before the row of the field.
TEST_F(Cells, WhatIsBelowAFieldDoesNotHideIt) {
  const std::string key(100, 'k');
  put(field("a", key), "shown");
  put(slot("snapshots", {"a", key, "deep"}, SlotType::kLwwRegister), "nested");
  put(field("b", "f"), "next");

  const auto entry = store->cells().entry("snapshots", "a");

  ASSERT_EQ(entry->fields.size(), 1u);
  EXPECT_EQ(entry->fields.at(key)[0].body, "shown");
  EXPECT_EQ(fields_in_scan(), 2u);
}

TEST_F(Cells, ThreeHundredFieldNamesOverflowTheLanes) {
  ASSERT_TRUE(store->begin().ok());
  for (int entry = 0; entry < 3; ++entry) {
    for (int i = 0; i < 300; ++i) {
      ASSERT_TRUE(sample::write(*store, field("e" + std::to_string(entry), "f" + std::to_string(i)),
                                {cell(actor(1), ++seq, std::to_string(i))})
                      .ok());
    }
  }
  ASSERT_TRUE(store->commit(Durability::kFull).ok());
  EXPECT_EQ(count("lanes"), kLanesMax);

  const auto entry = store->cells().entry("snapshots", "e1");

  ASSERT_EQ(entry->fields.size(), 300u);
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(entry->fields.at("f" + std::to_string(i))[0].body, std::to_string(i));
  }
  EXPECT_EQ(fields_in_scan(), 900u);
  EXPECT_TRUE(store->verify_digest().ok());
  for (int i = 299; i >= 0; --i) drop(field("e1", "f" + std::to_string(i)));
  EXPECT_EQ(scan_ids(std::nullopt, 9), (std::vector<std::string>{"e0", "e2"}));
}

// Lanes are never freed. If the keys of users took them, the fields of the catalog would get none.
TEST_F(Cells, KeysOfOtherObjectsAndBelowAFieldTakeNoLane) {
  ASSERT_TRUE(store->begin().ok());
  for (int i = 0; i < 1'000; ++i) {
    const std::string key = "k" + std::to_string(i);
    for (const crdt::Slot& place :
         {slot("m", {key}, SlotType::kLwwRegister), slot("m", {"a", key}, SlotType::kLwwRegister),
          slot("m", {"a", key}, SlotType::kMap), slot("m", {"a", "b", key}, SlotType::kPnCounter),
          slot("snapshots", {"a", "labels", key}, SlotType::kLwwRegister)}) {
      ASSERT_TRUE(sample::write(*store, place, {cell(actor(1), ++seq, key)}).ok());
    }
  }
  ASSERT_TRUE(store->commit(Durability::kFull).ok());
  EXPECT_EQ(count("lanes"), 0);
  const std::int64_t names = count("names");

  for (const char* entry : {"a", "b"}) {
    put(field(entry, "size"), "1");
    put(field(entry, "host"), "2");
  }

  EXPECT_EQ(count("lanes"), 2);
  EXPECT_EQ(count("names"), names + 2) << "two fields of an entry share its row";
  EXPECT_EQ(store->cells().entry("m", "a")->fields.size(), 1'000u);
  EXPECT_EQ(scan_paths("m", {"a", "b"}).size(), 1'000u);
  EXPECT_TRUE(store->verify_digest().ok());
}

TEST_F(Cells, ElementsOfASetTakeNoLane) {
  ASSERT_TRUE(store->begin().ok());
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(sample::write(*store, slot("m", {"tags", std::to_string(i)}, SlotType::kOrSet),
                              {cell(actor(1), ++seq, "")})
                    .ok());
  }
  ASSERT_TRUE(store->commit(Durability::kFull).ok());

  EXPECT_EQ(count("lanes"), 0);
  EXPECT_EQ(scan_paths("m", {"tags"}).size(), 1000u);
}

TEST_F(Cells, ScanGoesByBytesStrictlyAfter) {
  const std::string zero(1, '\0');
  const std::vector<std::string> ids = {"",   zero,       zero + zero, "\x01",
                                        "A",  "a",        "a" + zero,  "a" + zero + "b",
                                        "aa", "\xc3\xa9", "\xff",      "\xff\xff"};
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) put(field(*id, "f"), "1");

  EXPECT_EQ(scan_ids(std::nullopt, 99), ids);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(scan_ids(ids[i], 99),
              std::vector<std::string>(ids.begin() + static_cast<long>(i) + 1, ids.end()))
        << i;
  }
  EXPECT_EQ(scan_ids("a", 2), (std::vector<std::string>{"a" + zero, "a" + zero + "b"}));
  EXPECT_TRUE(scan_ids("\xff\xff\xff", 9).empty());
}

TEST_F(Cells, ScanWalksMoreThanABatch) {
  ASSERT_TRUE(store->begin().ok());
  for (int i = 0; i < 2000; ++i) {
    ASSERT_TRUE(
        sample::write(*store, field(std::to_string(100'000 + i), "f"), {cell(actor(1), ++seq, "1")})
            .ok());
  }
  ASSERT_TRUE(store->commit(Durability::kFull).ok());

  const auto ids = scan_ids(std::nullopt, 5000);

  ASSERT_EQ(ids.size(), 2000u);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
}

TEST_F(Cells, AVisitorMayReadAndWrite) {
  for (int i = 0; i < 50; ++i) put(field(std::to_string(100 + i), "f"), "1");
  ASSERT_TRUE(store->begin().ok());
  std::size_t seen = 0;

  const auto status = store->cells().scan("snapshots", std::nullopt, [&](const crdt::Entry& entry) {
    ++seen;
    EXPECT_TRUE(store->cells().entry("snapshots", entry.id).ok());
    return sample::write(*store, field(entry.id, "f"), {}).ok();
  });

  ASSERT_TRUE(status.ok());
  EXPECT_EQ(seen, 50u);
  ASSERT_TRUE(store->commit(Durability::kFull).ok());
  EXPECT_EQ(count("cells"), 0);
}

TEST_F(Cells, SlotsComeInOrderOfPathAcrossLanesAndRowsOfTheirOwn) {
  for (const std::string name : {"m", "snapshots"}) {
    const std::string longer(100, 'x');
    put(slot(name, {}, SlotType::kMap), "0");
    put(slot(name, {"a"}, SlotType::kMap), "0");
    put(slot(name, {"a", ""}, SlotType::kLwwRegister), "0");
    put(slot(name, {"a", "", "q"}, SlotType::kLwwRegister), "0");
    put(slot(name, {"a", "b"}, SlotType::kLwwRegister), "0");
    put(slot(name, {"a", "b"}, SlotType::kOrSet), "0");
    put(slot(name, {"a", "b", "c"}, SlotType::kLwwRegister), "0");
    put(slot(name, {"a", "b", "c", "d"}, SlotType::kLwwRegister), "0");
    put(slot(name, {"a", "c"}, SlotType::kLwwRegister), "0");
    put(slot(name, {"a", longer}, SlotType::kLwwRegister), "0");
    put(slot(name, {"a", "z"}, SlotType::kLwwRegister), "0");
    put(slot(name, {"b"}, SlotType::kLwwRegister), "0");

    EXPECT_EQ(scan_paths(name, {}),
              (std::vector<std::string>{":6", "/a:6", "/a/:3", "/a//q:3", "/a/b:3", "/a/b:5",
                                        "/a/b/c:3", "/a/b/c/d:3", "/a/c:3", "/a/" + longer + ":3",
                                        "/a/z:3", "/b:3"}));
    EXPECT_EQ(scan_paths(name, {"a", "b"}),
              (std::vector<std::string>{"/a/b:3", "/a/b:5", "/a/b/c:3", "/a/b/c/d:3"}));
    EXPECT_EQ(scan_paths(name, {"a", longer}), (std::vector<std::string>{"/a/" + longer + ":3"}));
    EXPECT_EQ(scan_paths(name, {"b"}), (std::vector<std::string>{"/b:3"}));
    EXPECT_TRUE(scan_paths(name, {"none"}).empty());
    EXPECT_TRUE(scan_paths("none", {}).empty());
  }
}

TEST_F(Cells, SlotsOfAllTypesOfAnObjectAreVisited) {
  put(slot("x", {}, SlotType::kPnCounter), "1");
  put(slot("x", {}, SlotType::kLwwRegister), "2");
  put(slot("x", {"e"}, SlotType::kOrSet), "3");
  put(slot("x", {"k"}, SlotType::kLwwRegister), "4");

  EXPECT_EQ(scan_paths("x", {}), (std::vector<std::string>{":2", ":3", "/e:5", "/k:3"}));
}

TEST_F(Cells, ANewEntryTakesItsLastSlotWithItAndComesBackInOneTransaction) {
  ASSERT_TRUE(store->begin().ok());
  auto one = store->cells().load_slot(field("a", "f"));
  auto two = store->cells().load_slot(field("a", "g"));  // loaded before the entry has a name
  one->cells = {cell(actor(1), 1, "1")};
  ASSERT_TRUE(store->cells().save(*one).ok());
  one->cells.clear();
  ASSERT_TRUE(store->cells().save(*one).ok());  // the name is removed and added again
  two->cells = {cell(actor(1), 2, "2")};
  ASSERT_TRUE(store->cells().save(*two).ok());
  one->cells = {cell(actor(1), 3, "3")};
  ASSERT_TRUE(store->cells().save(*one).ok());
  crdt::Digest after;
  after.add(crdt::cell_element(one->slot, one->cells[0]));
  after.add(crdt::cell_element(two->slot, two->cells[0]));
  ASSERT_TRUE(store->cells().account(one->slot, 2, {}, after).ok());
  ASSERT_TRUE(store->commit(Durability::kFull).ok());

  reopen();

  EXPECT_EQ(body(field("a", "f")), "3");
  EXPECT_EQ(body(field("a", "g")), "2");
  EXPECT_TRUE(store->verify_digest().ok());
}

TEST_F(Cells, SavingNothingOverNothingIsNothing) {
  ASSERT_TRUE(sample::commit(*store, field("a", "f"), {}).ok());

  EXPECT_EQ(count("names"), 0);
  EXPECT_EQ(count("objects"), 0);
}

TEST_F(Cells, AValueOfManyPagesComesBack) {
  const std::string big(3'000'000, 'b');

  put(field("a", "f"), big);

  reopen();
  EXPECT_EQ(body(field("a", "f")), big);
}

TEST_F(Cells, VerifyNoticesAMiscount) {
  put(field("a", "f"), "1");
  ASSERT_TRUE(store->begin().ok());
  auto row = store->cells().load_slot(field("a", "f"));
  row->cells[0].body = "changed without account";
  ASSERT_TRUE(store->cells().save(*row).ok());
  ASSERT_TRUE(store->commit(Durability::kFull).ok());

  const auto verified = store->verify_digest();

  ASSERT_FALSE(verified.ok());
  EXPECT_EQ(verified.error().code, base::Code::kCorrupt);
  EXPECT_NE(verified.error().message.find("snapshots"), std::string::npos);
}

TEST_F(Cells, WritingWithoutATransactionIsOurFault) {
  auto row = store->cells().load_slot(field("a", "f"));
  row->cells = {cell(actor(1), 1, "1")};

  EXPECT_DEATH((void)store->cells().save(*row), "begun_");
}

}  // namespace
}  // namespace store
