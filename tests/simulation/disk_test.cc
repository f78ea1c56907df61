// Databases on a disk without faults: several connections, copies of folders, the store.

#include "tests/simulation/disk_connection.h"
#include "tests/store/sample.h"

namespace simulation::testing {
namespace {

// --- Several connections

TEST(Disk, ConnectionsSeeEachOthersCommits) {
  Disk disk(random(1));
  Connection a(disk);
  Connection z(disk);
  ASSERT_EQ(a.ask(kWal), "0");
  ASSERT_EQ(a.run("CREATE TABLE t(x)"), SQLITE_OK);
  ASSERT_EQ(z.run("INSERT INTO t VALUES(1)"), SQLITE_OK);

  EXPECT_EQ(a.ask("SELECT count(*) FROM t"), "1");
}

TEST(Disk, AReaderKeepsItsSnapshotWhileAnotherWrites) {
  Disk disk(random(1));
  Connection a(disk);
  fill(a, 1, 0);
  Connection z(disk);
  ASSERT_EQ(z.ask("BEGIN; SELECT count(*) FROM t"), "1");
  ASSERT_EQ(a.run("INSERT INTO t VALUES(NULL, 'x')"), SQLITE_OK);

  EXPECT_EQ(z.ask("SELECT count(*) FROM t"), "1");
  EXPECT_EQ(z.ask("COMMIT; SELECT count(*) FROM t"), "2");
}

TEST(Disk, OnlyOneWrites) {
  Disk disk(random(1));
  Connection a(disk);
  fill(a, 1, 0);
  Connection z(disk);
  ASSERT_EQ(a.run("BEGIN IMMEDIATE"), SQLITE_OK);

  EXPECT_EQ(z.run("BEGIN IMMEDIATE") & 0xff, SQLITE_BUSY);
  ASSERT_EQ(a.run("COMMIT"), SQLITE_OK);
  EXPECT_EQ(z.run("BEGIN IMMEDIATE"), SQLITE_OK);
}

// A checkpoint must leave the pages that a reader still needs, and must not reset the log under
// that reader.
TEST(Disk, ACheckpointLeavesWhatAReaderNeeds) {
  Disk disk(random(1));
  Connection a(disk);
  fill(a, 1, 0);
  Connection z(disk);
  ASSERT_EQ(z.ask("BEGIN; SELECT count(*) FROM t"), "1");
  for (int i = 0; i < 20; ++i) ASSERT_EQ(a.run("INSERT INTO t VALUES(NULL, 'x')"), SQLITE_OK);

  EXPECT_EQ(a.run("PRAGMA wal_checkpoint(PASSIVE)"), SQLITE_OK);
  EXPECT_EQ(z.ask("SELECT count(*) FROM t"), "1");
  // TRUNCATE does not empty the log while the reader is there. The first column of its result says
  // so.
  int busy_code =
      sqlite3_wal_checkpoint_v2(a.handle(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  EXPECT_EQ(busy_code & 0xff, SQLITE_BUSY);
  EXPECT_EQ(z.ask("COMMIT; SELECT count(*) FROM t"), "21");
  EXPECT_EQ(a.run("PRAGMA wal_checkpoint(TRUNCATE)"), SQLITE_OK);
  EXPECT_EQ(disk.read("a.db-wal").size(), 0u);
}

TEST(Disk, ARollbackJournalWorksToo) {
  Disk disk(random(1));
  {
    Connection a(disk);
    ASSERT_EQ(a.run("CREATE TABLE t(x); INSERT INTO t VALUES(1)"), SQLITE_OK);
    ASSERT_EQ(a.run("BEGIN; INSERT INTO t VALUES(2); ROLLBACK"), SQLITE_OK);
    Connection z(disk);
    ASSERT_EQ(a.run("BEGIN; SELECT * FROM t"), SQLITE_OK);  // a shared lock
    ASSERT_EQ(z.run("BEGIN; INSERT INTO t VALUES(3)"), SQLITE_OK);
    EXPECT_EQ(z.run("COMMIT") & 0xff, SQLITE_BUSY);
    ASSERT_EQ(a.run("COMMIT"), SQLITE_OK);
    EXPECT_EQ(z.run("COMMIT"), SQLITE_OK);
  }
  EXPECT_EQ(rows_in(disk), "2");
}

TEST(Disk, ManyLiveSideBySide) {
  Disk one(random(1));
  Disk two(random(2));
  Connection a(one);
  Connection z(two);
  ASSERT_EQ(a.run("CREATE TABLE t(x)"), SQLITE_OK);

  EXPECT_NE(one.vfs(), two.vfs());
  EXPECT_EQ(z.ask("SELECT count(*) FROM t"), "no such table: t");
}

TEST(DiskDeathTest, IsNotLeftWhileAConnectionIsOpen) {
  EXPECT_DEATH(
      {
        auto disk = std::make_unique<Disk>(random(1));
        Connection a(*disk);
        a.run(kWal);
        disk.reset();
      },
      "handles == 0");
}

// --- Files

TEST(Disk, ABackupIsRestored) {
  Disk disk(random(1));
  auto db = std::make_unique<Connection>(disk);
  fill(*db, 3, 0);
  const Disk::Files backup = disk.snapshot();
  db->run("DELETE FROM t");
  disk.kill();
  db.reset();
  disk.restore(backup);

  EXPECT_EQ(rows_in(disk), "3");
}

TEST(Disk, AClonedFolderGoesItsOwnWay) {
  Disk disk(random(1));
  Disk clone(random(2));
  Connection db(disk);
  fill(db, 3, 0);
  clone.restore(disk.snapshot());
  db.run("DELETE FROM t");

  EXPECT_EQ(rows_in(clone), "3");
  EXPECT_EQ(db.ask("SELECT count(*) FROM t"), "0");
}

TEST(Disk, FilesAreSetAside) {
  Disk disk(random(1));
  {
    Connection db(disk);
    fill(db, 3, 0);
  }
  EXPECT_EQ(disk.list(), std::vector<std::string>{"a.db"});
  ASSERT_TRUE(disk.rename("a.db", "a.db.aside"));
  EXPECT_FALSE(disk.rename("a.db", "b.db"));
  base::Random chance = random(1);
  disk.power_cut(chance, PowerCut::kAll);

  EXPECT_EQ(disk.list(), std::vector<std::string>{"a.db.aside"});
  EXPECT_EQ(Connection(disk, "a.db.aside").ask("SELECT count(*) FROM t"), "3");
  EXPECT_TRUE(disk.remove("a.db.aside"));
  EXPECT_FALSE(disk.exists("a.db.aside"));
}

// --- The store

TEST(Disk, AStoreAndItsReadersWorkOnIt) {
  Disk disk(random(1));
  store::Options options;
  options.vfs = disk.vfs();
  options.wal_pages = 20;
  auto store = store::sample::open("a.db", options);
  auto reader = store::Reader::open("a.db", options);
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  const crdt::Slot slot = store::sample::slot("o", {}, crdt::SlotType::kLwwRegister);
  for (std::uint64_t seq = 1; seq <= 200; ++seq) {
    const auto body = std::to_string(seq);
    const auto cells = {store::sample::cell(store::sample::actor(1), seq, body)};
    const auto durability = seq % 2 == 0 ? store::Durability::kFull : store::Durability::kNormal;
    ASSERT_TRUE(store::sample::commit(*store, slot, cells, durability).ok());
    ASSERT_TRUE((*reader)->begin().ok());
    auto row = (*reader)->cells().load_slot(slot);
    ASSERT_TRUE(row.ok());
    ASSERT_EQ(row->cells[0].body, body);
    (*reader)->end();
  }
  EXPECT_TRUE(store->verify_digest().ok());
}

// After a kill, readers that are still open must not keep the store from using the shared memory of
// the log.
TEST(Disk, AStoreOpensAgainBesideDeadReaders) {
  Disk disk(random(1));
  store::Options options;
  options.vfs = disk.vfs();
  auto store = store::sample::open("a.db", options);
  auto reader = store::Reader::open("a.db", options);
  ASSERT_TRUE((*reader)->begin().ok());
  disk.kill();

  auto next = store::sample::open("a.db", options);
  EXPECT_TRUE(next->begin().ok());
  EXPECT_TRUE(next->commit(store::Durability::kFull).ok());
  store.reset();
  EXPECT_TRUE(next->begin().ok());
  EXPECT_TRUE(next->commit(store::Durability::kFull).ok());
}

}  // namespace
}  // namespace simulation::testing
