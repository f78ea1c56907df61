#include <gtest/gtest.h>

#include <set>

#include "crdt/base/random.h"
#include "sample.h"

namespace store {
namespace {

using sample::actor;
using sample::cell;
using sample::slot;

crdt::Slot top(const std::string& name, crdt::SlotType type) { return slot(name, {}, type); }

std::vector<std::string> names(const std::vector<ObjectInfo>& objects) {
  std::vector<std::string> names;
  for (const ObjectInfo& object : objects) {
    names.push_back(object.name + "/" + std::string(crdt::type_name(object.type)));
  }
  return names;
}

TEST(Objects, OneNameMayHoldTwoTypesAndAPageMayEndBetweenThem) {
  auto store = sample::open(":memory:");
  for (const char* name : {"b", "a", "c"}) {
    ASSERT_TRUE(
        sample::commit(*store, top(name, crdt::SlotType::kPnCounter), {cell(actor(1), 1, "1")})
            .ok());
  }
  ASSERT_TRUE(
      sample::commit(*store, top("a", crdt::SlotType::kLwwRegister), {cell(actor(1), 2, "2")})
          .ok());

  const auto first = store->cells().objects(std::nullopt, 1);
  const auto second = store->cells().objects(first->back().key(), 1);
  const auto third = store->cells().objects(second->back().key(), 9);

  EXPECT_EQ(names(*first), std::vector<std::string>{"a/pncounter"});
  EXPECT_EQ(names(*second), std::vector<std::string>{"a/lww_register"});
  EXPECT_EQ(names(*third), (std::vector<std::string>{"b/pncounter", "c/pncounter"}));
  EXPECT_EQ(names(*store->cells().objects_from(key_above("a"), 1)),
            std::vector<std::string>{"b/pncounter"});
  EXPECT_EQ(store->cells().total_objects(), 4);
  EXPECT_EQ(sample::read(*store, top("a", crdt::SlotType::kLwwRegister))[0].body, "2");
}

// A name that was looked for and not found is there as soon as an object of any type has it, and is
// gone again with its last cell.
TEST(Objects, ANameThatWasAbsentIsFoundAndLost) {
  const crdt::SlotType types[] = {crdt::SlotType::kPnCounter, crdt::SlotType::kLwwRegister,
                                  crdt::SlotType::kOrSet};
  auto store = sample::open(":memory:");
  auto random = base::Random::from_number(11);
  std::set<std::pair<std::string, crdt::SlotType>> there;
  const auto check = [&](const std::string& name) {
    for (const crdt::SlotType type : types) {
      const bool found = !sample::read(*store, top(name, type)).empty();
      EXPECT_EQ(found, there.contains({name, type})) << name << crdt::type_name(type);
    }
    std::size_t expected = 0;
    for (const auto& [known, type] : there) expected += known == name;
    EXPECT_EQ(*store->cells().types_of(name), expected) << name;
  };
  for (std::uint64_t step = 1; step <= 3'000; ++step) {
    const std::string name = "n" + std::to_string(random.below(4));
    const crdt::SlotType type = types[random.below(3)];
    if (random.below(2) == 0) check(name);
    crdt::Cells cells;
    if (random.below(2) == 0) cells.push_back(cell(actor(1), step, "1"));
    ASSERT_TRUE(sample::commit(*store, top(name, type), cells).ok());
    if (cells.empty()) {
      there.erase({name, type});
    } else {
      there.emplace(name, type);
    }
    check("n" + std::to_string(random.below(4)));
  }
  EXPECT_TRUE(store->verify_digest().ok());
}

TEST(Objects, NamesAreAnyBytes) {
  auto store = sample::open(":memory:");
  const std::string odd("\xff\0\xfe", 3);
  ASSERT_TRUE(
      sample::commit(*store, top(odd, crdt::SlotType::kLwwRegister), {cell(actor(1), 1, "1")})
          .ok());
  ASSERT_TRUE(
      sample::commit(*store, top("", crdt::SlotType::kLwwRegister), {cell(actor(1), 2, "2")}).ok());

  EXPECT_EQ(store->cells().objects(std::nullopt, 9)->size(), 2u);
  EXPECT_EQ(store->cells().objects_from(key_above(""), 9)->size(), 1u);
  EXPECT_EQ(sample::read(*store, top(odd, crdt::SlotType::kLwwRegister)).size(), 1u);
  EXPECT_TRUE(store->verify_digest().ok());
}

TEST(Objects, AnObjectGoesWithItsLastCellAndComesBackClean) {
  sample::Folder folder;
  auto store = sample::open(folder.file("a.db"));
  const crdt::Slot place = top("x", crdt::SlotType::kLwwRegister);
  ASSERT_TRUE(sample::commit(*store, place, {cell(actor(1), 1, "1")}).ok());

  ASSERT_TRUE(sample::commit(*store, place, {}).ok());

  EXPECT_EQ(store->cells().object("x", crdt::SlotType::kLwwRegister), nullptr);
  EXPECT_TRUE(store->cells().objects(std::nullopt, 9)->empty());
  EXPECT_EQ(store->cells().total_objects(), 0);
  ASSERT_TRUE(sample::commit(*store, place, {cell(actor(1), 3, "3")}).ok());
  EXPECT_EQ(store->cells().object("x", crdt::SlotType::kLwwRegister)->cells, 1);
  sample::fold(*store);
  store.reset();
  EXPECT_EQ(sample::raw_number(folder.file("a.db"), "SELECT count(*) FROM objects"), 1);
  EXPECT_EQ(sample::raw_number(folder.file("a.db"), "SELECT count(*) FROM names"), 1);
}

TEST(Objects, ListingSeesWhatTheOpenTransactionDid) {
  auto store = sample::open(":memory:");
  ASSERT_TRUE(store->begin().ok());
  ASSERT_TRUE(
      sample::write(*store, top("x", crdt::SlotType::kLwwRegister), {cell(actor(1), 1, "1")}).ok());

  const auto listed = store->cells().objects(std::nullopt, 9);

  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ(listed->front().cells, 1);
}

TEST(Objects, MoreThanTheCacheHolds) {
  auto store = sample::open(":memory:");
  const auto name = [](std::size_t i) { return "o" + std::to_string(i); };
  const std::size_t count = Objects::kCachedMax + 500;
  ASSERT_TRUE(store->begin().ok());
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_TRUE(
        sample::write(*store, top(name(i), crdt::SlotType::kGCounter), {cell(actor(1), i + 1, "1")})
            .ok());
  }
  ASSERT_TRUE(store->commit(Durability::kNormal).ok());

  ASSERT_TRUE(store->begin().ok());
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_TRUE(
        sample::write(*store, top(name(i), crdt::SlotType::kGCounter), {cell(actor(1), i + 1, "2")})
            .ok());
  }
  ASSERT_TRUE(store->commit(Durability::kNormal).ok());

  EXPECT_EQ(store->cells().total_objects(), static_cast<std::int64_t>(count));
  EXPECT_TRUE(store->verify_digest().ok());
}

}  // namespace
}  // namespace store
