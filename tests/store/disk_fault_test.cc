#include <gtest/gtest.h>

#include <filesystem>

#include "fault_vfs.h"
#include "sample.h"

namespace store {
namespace {

using sample::actor;
using sample::cell;
using sample::faults;

struct DiskFault : testing::Test {
  void SetUp() override {
    faults() = {};
    options.vfs = sample::kFaultVfs;
    store = sample::open(folder.file("a.db"), options);
    ASSERT_TRUE(put("a", "first").ok());
  }
  void TearDown() override {
    faults() = {};
    store.reset();
  }
  crdt::Slot field(const std::string& id) {
    return sample::slot("snapshots", {id, "f"}, crdt::SlotType::kLwwRegister);
  }
  base::Status put(const std::string& id, const std::string& body,
                   Durability durability = Durability::kFull) {
    return sample::commit(*store, field(id), {cell(actor(1), ++seq, body)}, durability);
  }
  void reopen() {
    store.reset();
    store = sample::open(folder.file("a.db"), options);
  }

  sample::Folder folder;
  Options options;
  std::unique_ptr<Store> store;
  std::uint64_t seq = 0;
};

TEST_F(DiskFault, FullSyncsOnceACommitAndNormalWaitsForSync) {
  const int before = faults().wal_syncs;
  ASSERT_TRUE(put("b", "1").ok());
  const int full = faults().wal_syncs;
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(put("c" + std::to_string(i), "1", Durability::kNormal).ok());
  const int normal = faults().wal_syncs;
  ASSERT_TRUE(store->sync().ok());
  const int synced = faults().wal_syncs;
  ASSERT_TRUE(store->sync().ok());

  EXPECT_EQ(full - before, 1);
  EXPECT_EQ(normal - full, 0);
  EXPECT_EQ(synced - normal, 1);
  EXPECT_EQ(faults().wal_syncs, synced);  // nothing was committed since
}

TEST_F(DiskFault, AFullCommitCoversTheNormalOnesBeforeIt) {
  ASSERT_TRUE(put("b", "1", Durability::kNormal).ok());
  ASSERT_TRUE(put("c", "1", Durability::kFull).ok());
  const int before = faults().wal_syncs;

  ASSERT_TRUE(store->sync().ok());

  EXPECT_EQ(faults().wal_syncs, before);
}

TEST_F(DiskFault, AnEmptyFullCommitStillBringsEarlierOnesToTheMedium) {
  ASSERT_TRUE(put("b", "1", Durability::kNormal).ok());
  const int before = faults().wal_syncs;

  ASSERT_TRUE(store->begin().ok());
  ASSERT_TRUE(store->commit(Durability::kFull).ok());

  EXPECT_EQ(faults().wal_syncs, before + 1);
}

TEST_F(DiskFault, ATurnBegunAsNormalIsDurableWhenCommittedAsFull) {
  const int before = faults().wal_syncs;

  ASSERT_TRUE(store->begin(Durability::kNormal).ok());
  ASSERT_TRUE(sample::write(*store, field("b"), {cell(actor(1), 9, "1")}).ok());
  ASSERT_TRUE(store->commit(Durability::kFull).ok());

  EXPECT_EQ(faults().wal_syncs, before + 1);
}

TEST_F(DiskFault, AnFsyncErrorInCommitIsIndeterminateAndEndsTheStore) {
  faults().fail_wal_sync = true;

  const auto failed = put("b", "1");

  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, base::Code::kIndeterminate);
  faults().fail_wal_sync = false;
  EXPECT_EQ(store->begin().error().code, base::Code::kReadOnly);
  EXPECT_EQ(store->sync().error().code, base::Code::kReadOnly);
  EXPECT_NE(store->begin().error().message.find("COMMIT"), std::string::npos);
  reopen();
  EXPECT_EQ(sample::read(*store, field("a"))[0].body, "first");
  EXPECT_TRUE(store->verify_digest().ok());
  EXPECT_TRUE(put("c", "1").ok());
}

TEST_F(DiskFault, AWriteErrorInCommitIsIndeterminate) {
  faults().fail_wal_write = true;

  const auto failed = put("b", "1");

  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, base::Code::kIndeterminate);
  faults().fail_wal_write = false;
  reopen();
  EXPECT_TRUE(sample::read(*store, field("b")).empty());
}

TEST_F(DiskFault, AFailedSyncEndsTheStore) {
  ASSERT_TRUE(put("b", "1", Durability::kNormal).ok());
  faults().fail_wal_sync = true;

  const auto failed = store->sync();

  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, base::Code::kIndeterminate);
  faults().fail_wal_sync = false;
  EXPECT_EQ(store->begin().error().code, base::Code::kReadOnly);
}

TEST_F(DiskFault, AFullDiskInCommitRollsBackAndPasses) {
  const auto digest = store->cells().total_digest();
  faults().fill_wal_write = true;

  const auto failed = put("b", "1");

  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, base::Code::kDiskFull);
  EXPECT_EQ(store->cells().total_digest(), digest);
  EXPECT_EQ(store->meta().digest, digest);
  EXPECT_TRUE(sample::read(*store, field("b")).empty());
  EXPECT_EQ(sample::read(*store, field("a"))[0].body, "first");
  faults().fill_wal_write = false;
  EXPECT_TRUE(put("b", "2").ok());
  EXPECT_TRUE(store->verify_digest().ok());
}

// If the cache is smaller than the transaction, SQLite writes pages before COMMIT. The cells are so
// large that the memtable does not take them.
TEST_F(DiskFault, AFullDiskInAStatementRollsBack) {
  options.cache_kib = 64;
  reopen();
  faults().fill_wal_write = true;
  ASSERT_TRUE(store->begin().ok());
  base::Status status;

  for (int i = 0; i < 500 && status.ok(); ++i) {
    status = sample::write(*store, field(std::to_string(i)),
                           {cell(actor(1), ++seq, std::string(5000, 'x'))});
  }

  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, base::Code::kDiskFull);
  store->rollback();
  EXPECT_EQ(store->cells().total_cells(), 1);
  faults().fill_wal_write = false;
  EXPECT_TRUE(put("b", "2").ok());
  EXPECT_TRUE(store->verify_digest().ok());
}

TEST_F(DiskFault, CommittingAfterSqliteGaveUpIsAnErrorAndRollsBack) {
  options.cache_kib = 64;
  reopen();
  faults().fail_wal_write = true;
  ASSERT_TRUE(store->begin().ok());
  base::Status status;
  for (int i = 0; i < 500 && status.ok(); ++i) {
    status = sample::write(*store, field(std::to_string(i)),
                           {cell(actor(1), ++seq, std::string(5000, 'x'))});
  }
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, base::Code::kReadOnly);

  const auto more = sample::write(*store, field("more"), {cell(actor(1), ++seq, "1")});
  const auto committed = store->commit(Durability::kFull);

  EXPECT_FALSE(more.ok());
  EXPECT_FALSE(committed.ok());
  faults().fail_wal_write = false;
  EXPECT_EQ(store->cells().total_cells(), 1);
  EXPECT_TRUE(sample::read(*store, field("more")).empty());
  EXPECT_EQ(sample::read(*store, field("a")).size(), 1u);
  EXPECT_TRUE(put("b", "2").ok());
}

TEST_F(DiskFault, AnUnreadableFileIsReadOnlyNotEmpty) {
  ASSERT_TRUE(store->begin().ok());
  for (int i = 0; i < 2000; ++i) {
    ASSERT_TRUE(sample::write(*store, field(std::to_string(i)),
                              {cell(actor(1), ++seq, std::string(200, 'x'))})
                    .ok());
  }
  ASSERT_TRUE(store->commit(Durability::kFull).ok());
  reopen();
  faults().fail_database_read = true;

  const auto row = store->cells().load_slot(field("77"));

  ASSERT_FALSE(row.ok());
  EXPECT_EQ(row.error().code, base::Code::kReadOnly);
}

TEST_F(DiskFault, AnErrorInACheckpointKeepsTheCommitAndStopsWriting) {
  options.wal_pages = 1;
  reopen();
  faults().fail_database_sync = true;

  ASSERT_TRUE(put("b", "kept").ok());

  EXPECT_EQ(store->begin().error().code, base::Code::kReadOnly);
  faults().fail_database_sync = false;
  reopen();
  EXPECT_EQ(sample::read(*store, field("b"))[0].body, "kept");
}

TEST_F(DiskFault, CheckpointsKeepTheWriteAheadLogShort) {
  options.wal_pages = 20;
  reopen();

  for (int i = 0; i < 300; ++i) ASSERT_TRUE(put(std::to_string(i), "x", Durability::kNormal).ok());

  EXPECT_LT(std::filesystem::file_size(folder.file("a.db-wal")), 60u * 4120);
}

}  // namespace
}  // namespace store
