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
