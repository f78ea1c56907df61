// The write-ahead log and its index on a medium that has little free space.

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include "sample.h"
#include "store/whole_blocks.h"

namespace store {
namespace {

using sample::actor;
using sample::cell;

struct Rest : testing::Test {
  void TearDown() override { set_allocate(nullptr); }
  crdt::Slot field(const std::string& id) {
    return sample::slot("snapshots", {id, "f"}, crdt::SlotType::kLwwRegister);
  }
  base::Status put(Store& store, int number, std::size_t bytes = 2'000) {
    return sample::commit(store, field(std::to_string(number)),
                          {cell(actor(1), ++seq, std::string(bytes, 'x'))}, Durability::kNormal);
  }
  std::uintmax_t size(const std::string& suffix) {
    std::error_code none;
    const auto bytes = std::filesystem::file_size(folder.file("a.db") + suffix, none);
    return none ? 0 : bytes;
  }

  sample::Folder folder;
  Options options;
  std::uint64_t seq = 0;
};

TEST_F(Rest, TheLogIsEmptiedWhenItHasGrownAndNothingComes) {
  options.wal_rest_bytes = 100'000;
  auto store = sample::open(folder.file("a.db"), options);
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(put(*store, i).ok());
  ASSERT_GT(size("-wal"), 100'000u);

  store->rest();  // it has grown since the last call
  EXPECT_GT(size("-wal"), 100'000u);
  store->rest();

  EXPECT_EQ(size("-wal"), 0u);
  EXPECT_FALSE(store->stopped());
  ASSERT_TRUE(put(*store, 100).ok());
  EXPECT_TRUE(store->verify().ok());
}

TEST_F(Rest, ALogWithinItsBoundIsLeftAlone) {
  auto store = sample::open(folder.file("a.db"), options);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(put(*store, i).ok());
  const auto before = size("-wal");

  for (int i = 0; i < 3; ++i) store->rest();

  EXPECT_EQ(size("-wal"), before);
}

TEST_F(Rest, AReaderKeepsTheLogAndIsNotWaitedFor) {
  options.wal_rest_bytes = 100'000;
  auto store = sample::open(folder.file("a.db"), options);
  ASSERT_TRUE(put(*store, 1).ok());
  auto opened = Reader::open(folder.file("a.db"), options);
  ASSERT_TRUE(opened.ok());
  auto reader = std::move(*opened);
  ASSERT_TRUE(reader->begin().ok());
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(put(*store, i).ok());

  store->rest();
  store->rest();

  EXPECT_GT(size("-wal"), 100'000u);
  EXPECT_FALSE(store->stopped());
  reader->end();
  store->rest();
  EXPECT_EQ(size("-wal"), 0u);
  ASSERT_TRUE(reader->begin().ok());
  EXPECT_FALSE(reader->cells().load_slot(field("59"))->cells.empty());
}

TEST_F(Rest, WhatAnEndUnderLoadHasLeftIsEmptiedAfterTheNextStart) {
  auto store = sample::open(folder.file("a.db"), options);
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(put(*store, i).ok());
  for (const char* suffix : {"", "-wal"}) {
    std::filesystem::copy(folder.file("a.db") + suffix, folder.file("b.db") + suffix);
  }
  ASSERT_GT(std::filesystem::file_size(folder.file("b.db-wal")), 100'000u);

  options.wal_rest_bytes = 100'000;
  auto copy = sample::open(folder.file("b.db"), options);
  copy->rest();

  EXPECT_EQ(std::filesystem::file_size(folder.file("b.db-wal")), 0u);
  EXPECT_FALSE(sample::read(*copy, field("59")).empty());
  EXPECT_TRUE(copy->verify().ok());
}

struct Shrinking : Rest {
  void SetUp() override {
    options.free_pages_rest = 8;
    options.free_pages_rest_min = 8;
    options.vacuum_pages = 64;
    options.wal_rest_bytes = 1'000'000;
    options.memtable_slots = 0;  // the rows stand in their places at once
  }
  // Many entries, of which every tenth stays.
  void write_and_remove(Store& store) {
    ASSERT_TRUE(store.begin(Durability::kNormal).ok());
    for (int i = 0; i < 4'000; ++i) {
      ASSERT_TRUE(sample::write(store, field(std::to_string(i)), cells_of(i)).ok());
    }
    ASSERT_TRUE(store.commit(Durability::kNormal).ok());
    ASSERT_TRUE(store.begin(Durability::kNormal).ok());
    for (int i = 0; i < 4'000; ++i) {
      if (i % 10 == 0) continue;
      ASSERT_TRUE(sample::write(store, field(std::to_string(i)), {}).ok());
    }
    ASSERT_TRUE(store.commit(Durability::kNormal).ok());
  }
  static crdt::Cells cells_of(int i) {
    return {cell(actor(1), static_cast<std::uint64_t>(i) + 1, std::string(1'500, 'x'))};
  }
  std::uintmax_t fresh_size() {
    {
      auto store = sample::open(folder.file("fresh.db"), options);
      EXPECT_TRUE(store->begin(Durability::kNormal).ok());
      for (int i = 0; i < 4'000; i += 10) {
        EXPECT_TRUE(sample::write(*store, field(std::to_string(i)), cells_of(i)).ok());
      }
      EXPECT_TRUE(store->commit(Durability::kNormal).ok());
    }
    return std::filesystem::file_size(folder.file("fresh.db"));
  }
};

TEST_F(Shrinking, TheFileGivesBackWhatWasDeletedAStepAtATime) {
  auto store = sample::open(folder.file("a.db"), options);
  write_and_remove(*store);
  for (int i = 0; i < 3; ++i) store->rest();
  const auto large = size("");
  ASSERT_GT(large, 5'000'000u);
  ASSERT_GT(store->free_pages(), 500);

  std::uintmax_t log = 0;
  int calls = 0;
  for (std::int64_t before = store->free_pages(); before > options.free_pages_rest; ++calls) {
    store->rest();
    EXPECT_LE(before - store->free_pages(), options.vacuum_pages);
    log = std::max(log, size("-wal"));
    ASSERT_LT(calls, 1'000);
    before = store->free_pages();
  }

  EXPECT_GT(calls, 5) << "one call did too much";
  EXPECT_LE(log, 1'000'000u);
  EXPECT_EQ(size("-wal"), 0u) << "the file has its new size only after a checkpoint";
  EXPECT_LT(size(""), fresh_size() * 12 / 10);
  EXPECT_EQ(sample::read(*store, field("10")), cells_of(10));
  EXPECT_TRUE(store->verify().ok());
  const auto rested = size("");
  store->rest();
  EXPECT_EQ(size(""), rested);
}

TEST_F(Shrinking, AReaderInTheWayKeepsTheLogWithinItsBound) {
  auto store = sample::open(folder.file("a.db"), options);
  ASSERT_TRUE(put(*store, 1).ok());
  auto opened = Reader::open(folder.file("a.db"), options);
  ASSERT_TRUE(opened.ok());
  auto reader = std::move(*opened);
  write_and_remove(*store);
  ASSERT_TRUE(reader->begin().ok());
  ASSERT_FALSE(reader->cells().load_slot(field("10"))->cells.empty());
  const auto before = size("-wal");

  for (int i = 0; i < 50; ++i) store->rest();

  EXPECT_LE(size("-wal"), std::max<std::uintmax_t>(before, 1'000'000));
  reader->end();
  for (int i = 0; i < 100; ++i) store->rest();
  EXPECT_LE(store->free_pages(), options.free_pages_rest);
  ASSERT_TRUE(reader->begin().ok());
  EXPECT_EQ(reader->cells().load_slot(field("10"))->cells, cells_of(10));
}

// What kill -9 leaves after each step: the file and its log, as they are.
TEST_F(Shrinking, AnEndAtAnyStepLeavesASoundFile) {
  auto store = sample::open(folder.file("a.db"), options);
  write_and_remove(*store);
  store->rest();

  int copies = 0;
  for (store->rest(); store->free_pages() > options.free_pages_rest; store->rest()) {
    if (++copies % 4 != 0) continue;
    for (const char* suffix : {"", "-wal"}) {
      std::filesystem::copy(folder.file("a.db") + suffix, folder.file("k.db") + suffix,
                            std::filesystem::copy_options::overwrite_existing);
    }
    auto after = sample::open(folder.file("k.db"), options);
    ASSERT_TRUE(after->verify().ok()) << copies;
    EXPECT_EQ(after->meta().digest, store->meta().digest);
    after.reset();
    EXPECT_EQ(sample::raw_number(folder.file("k.db"),
                                 "SELECT integrity_check='ok' FROM pragma_integrity_check"),
              1);
  }
  EXPECT_GE(copies, 8);
}

int nothing_left(int, std::int64_t, std::int64_t) { return ENOSPC; }
int asked_from = -1;
int note(int file, std::int64_t from, std::int64_t bytes) {
  asked_from = static_cast<int>(from);
  return ::posix_fallocate(file, from, bytes);
}

TEST_F(Rest, TheIndexOfTheLogHasNoHoles) {
  set_allocate(note);
  asked_from = -1;
  auto store = sample::open(folder.file("a.db"), options);
  ASSERT_TRUE(put(*store, 1).ok());

  EXPECT_EQ(asked_from, 28'672);  // the last 4 KiB of the first region
}

TEST_F(Rest, WithoutRoomForItsIndexAnOpenSaysThatTheDiskIsFull) {
  sample::open(folder.file("a.db"), options).reset();
  set_allocate(nothing_left);

  const auto refused = Store::open(folder.file("a.db"), options);

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, base::Code::kDiskFull);
  set_allocate(nullptr);
  EXPECT_TRUE(sample::open(folder.file("a.db"), options)->verify().ok());
}

// The first region of the index has room for 4,062 pages. The next page needs a second region.
TEST_F(Rest, WithoutRoomForMoreOfItACommitIsNotAcknowledgedAndReadsGoOn) {
  options.wal_pages = 100'000;
  auto store = sample::open(folder.file("a.db"), options);
  auto opened = Reader::open(folder.file("a.db"), options);
  ASSERT_TRUE(opened.ok());
  auto reader = std::move(*opened);
  ASSERT_TRUE(put(*store, 0).ok());
  set_allocate(nothing_left);

  base::Status last;
  int number = 0;
  while (last.ok() && number < 5'000) last = put(*store, ++number, 3'000);

  ASSERT_FALSE(last.ok());
  EXPECT_EQ(last.error().code, base::Code::kIndeterminate);
  ASSERT_TRUE(reader->begin().ok());
  EXPECT_FALSE(reader->cells().load_slot(field(std::to_string(number - 1)))->cells.empty());
  reader->end();
  set_allocate(nullptr);
  reader.reset();
  store.reset();
  EXPECT_TRUE(sample::open(folder.file("a.db"), options)->verify().ok());
}

}  // namespace
}  // namespace store
