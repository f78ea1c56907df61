// Blocks of bytes by (owner, number).

#include "store/blocks.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "crdt/base/random.h"
#include "sample.h"

namespace store {
namespace {

using OwnBlocks = std::map<std::int64_t, base::Bytes>;  // by number

struct BlocksTest : testing::Test {
  void put(std::int64_t owner, std::int64_t number, base::BytesView content) {
    ASSERT_TRUE(store->begin().ok());
    ASSERT_TRUE(store->blocks().put(owner, number, content).ok());
    ASSERT_TRUE(store->commit(Durability::kFull).ok());
  }
  OwnBlocks all(Blocks& blocks, std::int64_t owner,
                std::int64_t from = std::numeric_limits<std::int64_t>::min()) {
    OwnBlocks found;
    std::int64_t last = from;
    const auto status =
        blocks.visit(owner, from, [&](std::int64_t number, base::BytesView content) {
          EXPECT_GE(number, last);
          last = number;
          found.emplace(number, content);
          return true;
        });
    EXPECT_TRUE(status.ok());
    return found;
  }
  // Changes the file behind the store, which then opens it again.
  void harm(const std::string& sql) {
    store.reset();
    sample::raw(folder.file("a.db"), sql);
    store = sample::open(folder.file("a.db"));
  }
  static void expect_named(const base::Error& error, const std::string& row) {
    EXPECT_EQ(error.code, base::Code::kCorrupt);
    EXPECT_NE(error.message.find("table blocks, row " + row), std::string::npos) << error.message;
  }

  sample::Folder folder;
  std::unique_ptr<Store> store = sample::open(folder.file("a.db"));
};

TEST_F(BlocksTest, WhatWasPutIsReadBackAndReplaced) {
  put(7, 3, "first");
  put(7, 3, base::Bytes("\0second", 7));
  put(7, 4, "");
  put(8, 3, "of another owner");

  harm("PRAGMA user_version=8");

  EXPECT_EQ(**store->blocks().get(7, 3), base::Bytes("\0second", 7));
  EXPECT_EQ(**store->blocks().get(7, 4), "");
  EXPECT_EQ(**store->blocks().get(8, 3), "of another owner");
  EXPECT_FALSE(store->blocks().get(7, 5)->has_value());
  EXPECT_EQ(*store->blocks().count(), 3);
  EXPECT_TRUE(store->verify().ok());
}

TEST_F(BlocksTest, AVisitorGetsThemInOrderAndMayWrite) {
  const std::int64_t last = std::numeric_limits<std::int64_t>::max();
  for (std::int64_t number : {std::int64_t{5}, last, std::int64_t{-2}, std::int64_t{300}}) {
    put(1, number, std::to_string(number));
  }
  EXPECT_EQ(all(store->blocks(), 1, 5),
            (OwnBlocks{{5, "5"}, {300, "300"}, {last, std::to_string(last)}}));
  std::size_t seen = 0;
  ASSERT_TRUE(store->begin().ok());

  const auto status = store->blocks().visit(1, -2, [&](std::int64_t number, base::BytesView) {
    EXPECT_TRUE(store->blocks().erase(1, number).ok());
    EXPECT_TRUE(store->blocks().put(2, number, "moved").ok());
    return ++seen < 3;
  });

  ASSERT_TRUE(status.ok());
  ASSERT_TRUE(store->commit(Durability::kFull).ok());
  EXPECT_EQ(all(store->blocks(), 1), (OwnBlocks{{last, std::to_string(last)}}));
  EXPECT_EQ(all(store->blocks(), 2), (OwnBlocks{{-2, "moved"}, {5, "moved"}, {300, "moved"}}));
}

TEST_F(BlocksTest, AnOwnerGoesWithAllItsBlocks) {
  for (std::int64_t number = 0; number < 20; ++number) {
    put(1, number, "x");
    put(2, number, "y");
  }
  ASSERT_TRUE(store->begin().ok());
  ASSERT_TRUE(store->blocks().erase_all(1).ok());
  ASSERT_TRUE(store->blocks().erase(2, 99).ok());
  ASSERT_TRUE(store->commit(Durability::kFull).ok());

  EXPECT_TRUE(all(store->blocks(), 1).empty());
  EXPECT_EQ(all(store->blocks(), 2).size(), 20u);
}

TEST_F(BlocksTest, ARollbackAndASnapshotSeeNothingOfThem) {
  put(1, 1, "old");
  auto opened = Reader::open(folder.file("a.db"), {});
  ASSERT_TRUE(opened.ok());
  auto reader = std::move(*opened);
  ASSERT_TRUE(reader->begin().ok());
  EXPECT_EQ(**reader->blocks().get(1, 1), "old");
  ASSERT_TRUE(store->begin().ok());
  ASSERT_TRUE(store->blocks().put(1, 2, "never").ok());
  store->rollback();

  put(1, 1, "new");

  EXPECT_EQ(all(reader->blocks(), 1), (OwnBlocks{{1, "old"}}));
  reader->end();
  ASSERT_TRUE(reader->begin().ok());
  EXPECT_EQ(all(reader->blocks(), 1), (OwnBlocks{{1, "new"}}));
}

TEST_F(BlocksTest, OneThatIsTooLargeIsRefused) {
  ASSERT_TRUE(store->begin().ok());

  const auto refused = store->blocks().put(1, 2, base::Bytes(Blocks::kBytesMax + 1, 'x'));

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, base::Code::kTooLarge);
  EXPECT_NE(refused.error().message.find("1:2"), std::string::npos);
  store->rollback();
}

TEST_F(BlocksTest, ADamagedRowIsNeverServedAndTheScrubFindsIt) {
  const std::string changes[] = {
      "UPDATE blocks SET v=CAST('B'||substr(v,2) AS BLOB) WHERE number=3",
      "UPDATE blocks SET sum=sum+1 WHERE number=3", "UPDATE blocks SET v=x'' WHERE number=3"};
  for (const std::string& change : changes) {
    put(7, 2, "sound");
    put(7, 3, "block three");
    put(7, 4, "sound too");
    harm(change);

    const auto got = store->blocks().get(7, 3);
    const auto visited = store->blocks().visit(7, 0, [](auto, auto) { return true; });
    const auto verified = store->verify();

    ASSERT_FALSE(got.ok()) << change;
    expect_named(got.error(), "7:3");
    ASSERT_FALSE(visited.ok()) << change;
    expect_named(visited.error(), "7:3");
    ASSERT_FALSE(verified.ok()) << change;
    expect_named(verified.error(), "7:3");
    EXPECT_EQ(**store->blocks().get(7, 4), "sound too");
  }
}

// The checksum covers the key: a sound row in the wrong place is damage too.
TEST_F(BlocksTest, ARowUnderAWrongKeyIsFound) {
  put(7, 3, "block");
  harm("UPDATE blocks SET owner=8");
  ASSERT_FALSE(store->blocks().get(8, 3).ok());
  expect_named(store->blocks().get(8, 3).error(), "8:3");
  expect_named(store->verify().error(), "8:3");

  harm("UPDATE blocks SET owner=7, number=4");
  ASSERT_FALSE(store->blocks().get(7, 4).ok());
  expect_named(store->blocks().get(7, 4).error(), "7:4");
  expect_named(store->verify().error(), "7:4");

  harm("UPDATE blocks SET number=3");
  EXPECT_TRUE(store->verify().ok());
}

TEST_F(BlocksTest, RandomStepsGiveWhatAPlainMapGives) {
  auto random = base::Random::from_number(5);
  std::map<std::int64_t, OwnBlocks> model;
  for (int turn = 0; turn < 60; ++turn) {
    const auto before = model;
    ASSERT_TRUE(store->begin(Durability::kNormal).ok());
    for (int step = 0; step < 20; ++step) {
      const auto owner = static_cast<std::int64_t>(random.below(4));
      const auto number = static_cast<std::int64_t>(random.below(30));
      if (random.chance(30)) {
        ASSERT_TRUE(store->blocks().erase_all(owner).ok());
        model[owner].clear();
      } else if (random.chance(3)) {
        ASSERT_TRUE(store->blocks().erase(owner, number).ok());
        model[owner].erase(number);
      } else {
        const std::uint64_t size = random.chance(10) ? 20'000 : random.below(200);
        const base::Bytes content = random.bytes(static_cast<std::size_t>(size));
        ASSERT_TRUE(store->blocks().put(owner, number, content).ok());
        model[owner][number] = content;
      }
    }
    if (random.chance(4)) {
      store->rollback();
      model = before;
    } else {
      ASSERT_TRUE(store->commit(Durability::kNormal).ok());
    }
    for (std::int64_t owner = 0; owner < 4; ++owner) {
      ASSERT_EQ(all(store->blocks(), owner), model[owner]) << turn;
    }
  }
  EXPECT_TRUE(store->verify().ok());
}

}  // namespace
}  // namespace store
