#include "tools/simulator/disk.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <set>

#include "tests/store/sample.h"

namespace simulation {
namespace {

using Call = Disk::Call;

// One connection: SQL in, the last column of the last row out, or the error.
class Connection {
 public:
  explicit Connection(const Disk& disk, const std::string& name = "a.db") {
    code_ = sqlite3_open_v2(name.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                            disk.vfs().c_str());
    sqlite3_extended_result_codes(handle_, 1);
  }
  ~Connection() { sqlite3_close_v2(handle_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int run(const std::string& sql) {
    text_.clear();
    auto keep = [](void* self, int count, char** values, char**) {
      const char* last = values[count - 1];
      static_cast<Connection*>(self)->text_ = last ? last : "null";
      return 0;
    };
    return code_ = sqlite3_exec(handle_, sql.c_str(), keep, this, nullptr);
  }
  std::string ask(const std::string& sql) {
    if (run(sql) != SQLITE_OK) return sqlite3_errmsg(handle_);
    return text_;
  }
  int code() const { return code_; }
  sqlite3* handle() { return handle_; }

 private:
  sqlite3* handle_ = nullptr;
  int code_ = 0;
  std::string text_;
};

constexpr const char* kWal = "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;";

base::Random random(std::uint64_t seed) { return base::Random::from_number(seed); }

// A log with `rows` rows, of which the last `unsynced` were committed with NORMAL. The first row is
// in the database itself.
void fill(Connection& db, int rows, int unsynced) {
  ASSERT_EQ(db.run(kWal), SQLITE_OK);
  ASSERT_EQ(db.run("PRAGMA synchronous=FULL; CREATE TABLE t(x INTEGER PRIMARY KEY, b BLOB);"
                   "PRAGMA wal_checkpoint"),
            SQLITE_OK);
  for (int row = 1; row <= rows; ++row) {
    if (row == rows - unsynced + 1) db.run("PRAGMA synchronous=NORMAL");
    ASSERT_EQ(db.run("INSERT INTO t VALUES(NULL, zeroblob(3000))"), SQLITE_OK);
  }
}

std::string rows_in(const Disk& disk) { return Connection(disk).ask("SELECT count(*) FROM t"); }

// --- several connections

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

// A checkpoint must leave what a reader still needs, and the log must not be reset under it.
TEST(Disk, ACheckpointLeavesWhatAReaderNeeds) {
  Disk disk(random(1));
  Connection a(disk);
  fill(a, 1, 0);
  Connection z(disk);
  ASSERT_EQ(z.ask("BEGIN; SELECT count(*) FROM t"), "1");
  for (int i = 0; i < 20; ++i) ASSERT_EQ(a.run("INSERT INTO t VALUES(NULL, 'x')"), SQLITE_OK);

  EXPECT_EQ(a.run("PRAGMA wal_checkpoint(PASSIVE)"), SQLITE_OK);
  EXPECT_EQ(z.ask("SELECT count(*) FROM t"), "1");
  // What is asked of TRUNCATE is not given while the reader is there: its first column says so.
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

// --- the host ends

TEST(Disk, AKillKeepsWhatWasWrittenAndEndsTheHandles) {
  Disk disk(random(1));
  Connection dead(disk);
  fill(dead, 5, 5);
  disk.kill();

  EXPECT_EQ(dead.run("INSERT INTO t VALUES(NULL, 'x')") & 0xff, SQLITE_IOERR);
  EXPECT_EQ(dead.run("SELECT count(*) FROM t") & 0xff, SQLITE_IOERR);
  EXPECT_EQ(rows_in(disk), "5");
}

// The dead process stood in the middle of a transaction: its locks must not outlive it.
TEST(Disk, AKillReleasesLocks) {
  Disk disk(random(1));
  Connection dead(disk);
  fill(dead, 1, 0);
  ASSERT_EQ(dead.run("BEGIN IMMEDIATE; INSERT INTO t VALUES(NULL, 'x')"), SQLITE_OK);
  disk.kill();
  Connection next(disk);

  EXPECT_EQ(next.run("INSERT INTO t VALUES(NULL, 'y')"), SQLITE_OK);
  EXPECT_EQ(dead.run("COMMIT") & 0xff, SQLITE_IOERR);
  EXPECT_EQ(next.ask("SELECT count(*) FROM t"), "2");
}

// The same with a lock on the database itself, as a rollback journal needs it.
TEST(Disk, AKillReleasesTheLockOnTheDatabase) {
  Disk disk(random(1));
  Connection dead(disk);
  ASSERT_EQ(dead.run("CREATE TABLE t(x); BEGIN IMMEDIATE; INSERT INTO t VALUES(1)"), SQLITE_OK);
  disk.kill();
  Connection next(disk);

  EXPECT_EQ(next.run("INSERT INTO t VALUES(2)"), SQLITE_OK);
  EXPECT_EQ(next.ask("SELECT count(*) FROM t"), "1");
}

TEST(Disk, APowerCutTakesWhatWasNotSynced) {
  for (PowerCut how : {PowerCut::kAll, PowerCut::kSuffix, PowerCut::kSubset, PowerCut::kSectors}) {
    int fewest = 100;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      Disk disk(random(seed));
      {
        Connection db(disk);
        fill(db, 10, 4);
        base::Random chance = random(seed);
        disk.power_cut(chance, how);
      }
      Connection db(disk);
      const int rows = std::stoi(db.ask("SELECT count(*) FROM t"));
      ASSERT_GE(rows, 6);
      ASSERT_EQ(db.ask("PRAGMA integrity_check"), "ok");
      ASSERT_TRUE(how != PowerCut::kAll || rows == 6);
      fewest = std::min(fewest, rows);
    }
    EXPECT_EQ(fewest, 6);
  }
}

TEST(Disk, ASuffixMayBeShort) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Disk disk(random(seed));
    {
      Connection db(disk);
      fill(db, 6, 4);
      base::Random chance = random(seed);
      disk.power_cut(chance, PowerCut::kSuffix);
    }
    seen.insert(rows_in(disk));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"2", "3", "4", "5", "6"}));
}

TEST(Disk, TornSectorsAreCounted) {
  Disk disk(random(1));
  {
    Connection db(disk);
    fill(db, 10, 9);
    base::Random chance = random(2);
    disk.power_cut(chance, PowerCut::kSectors);
  }
  const Disk::Counters& counters = disk.counters();

  EXPECT_EQ(counters.power_cuts, 1u);
  EXPECT_GT(counters.torn_writes, 5u);
  EXPECT_GT(counters.torn_sectors, counters.torn_writes);
}

// A log that was created and never synced is not even there by name.
TEST(Disk, ANameIsDurableWithTheFirstSyncOfItsFile) {
  Disk disk(random(1));
  Connection db(disk);
  ASSERT_EQ(db.run("PRAGMA synchronous=OFF"), SQLITE_OK);
  ASSERT_EQ(db.run(kWal), SQLITE_OK);
  ASSERT_EQ(db.run("CREATE TABLE t(x)"), SQLITE_OK);
  base::Random chance = random(1);

  EXPECT_FALSE(disk.crash_image(chance, PowerCut::kAll).contains("a.db-wal"));
  ASSERT_EQ(db.run("PRAGMA synchronous=FULL; INSERT INTO t VALUES(1)"), SQLITE_OK);
  EXPECT_TRUE(disk.crash_image(chance, PowerCut::kAll).contains("a.db-wal"));
}

TEST(Disk, ALyingSyncLosesWhatItPromised) {
  Disk disk(random(1));
  {
    Connection db(disk);
    fill(db, 5, 0);
    disk.set_lying(true);
    ASSERT_EQ(db.run("INSERT INTO t VALUES(NULL, 'x')"), SQLITE_OK);
    base::Random chance = random(1);
    disk.power_cut(chance, PowerCut::kAll);
  }
  EXPECT_GT(disk.counters().lied_syncs, 0u);
  EXPECT_EQ(rows_in(disk), "5");
}

// The same seed draws the same image, byte for byte, salts of the log included.
TEST(Disk, TheSameSeedGivesTheSameImage) {
  auto run = [] {
    Disk disk(random(7));
    Connection db(disk);
    fill(db, 8, 5);
    base::Random chance = random(9);
    return disk.crash_image(chance, PowerCut::kSectors);
  };

  EXPECT_EQ(run(), run());
}

TEST(Disk, LookingAtAnImageChangesNothing) {
  Disk disk(random(7));
  Connection db(disk);
  fill(db, 8, 5);
  base::Random chance = random(9);
  disk.crash_image(chance, PowerCut::kAll);

  EXPECT_EQ(db.ask("SELECT count(*) FROM t"), "8");
  EXPECT_EQ(disk.counters().lost_writes, 0u);
}

// --- faults

TEST(Disk, TheNthCallFailsOnce) {
  Disk disk(random(1));
  Connection db(disk);
  fill(db, 1, 0);
  disk.fail(Call::kSync, 2);

  EXPECT_EQ(db.run("INSERT INTO t VALUES(NULL, 'a')"), SQLITE_OK);
  EXPECT_EQ(db.run("INSERT INTO t VALUES(NULL, 'b')"), SQLITE_IOERR_FSYNC);
  EXPECT_EQ(db.run("INSERT INTO t VALUES(NULL, 'c')"), SQLITE_OK);
  EXPECT_EQ(disk.counters().failed_calls, 1u);
}

TEST(Disk, ACallFailsForEverUntilTakenBack) {
  Disk disk(random(1));
  Connection db(disk);
  fill(db, 1, 0);
  disk.fail(Call::kWrite, 1, true);

  EXPECT_EQ(db.run("INSERT INTO t VALUES(NULL, 'a')"), SQLITE_IOERR_WRITE);
  EXPECT_EQ(db.run("INSERT INTO t VALUES(NULL, 'b')"), SQLITE_IOERR_WRITE);
  disk.fail(Call::kWrite, 0);
  EXPECT_EQ(db.run("INSERT INTO t VALUES(NULL, 'c')"), SQLITE_OK);
}

TEST(Disk, AReadFails) {
  Disk disk(random(1));
  {
    Connection db(disk);
    fill(db, 1, 0);
  }
  Connection db(disk);
  disk.fail(Call::kRead, 1);

  EXPECT_EQ(db.run("SELECT * FROM t") & 0xff, SQLITE_IOERR);
}

// At whichever call the power goes off, the commit is whole or absent.
TEST(Disk, ThePowerGoesOffInTheMiddleOfACommit) {
  int whole = 0;
  int absent = 0;
  for (std::uint64_t nth = 1; nth < 40; ++nth) {
    Disk disk(random(nth));
    {
      Connection db(disk);
      fill(db, 3, 0);
      disk.lose_power_at(nth);
      const int code = db.run("INSERT INTO t VALUES(NULL, zeroblob(9000))");
      ASSERT_EQ(disk.powered(), code == SQLITE_OK);
      if (code == SQLITE_OK) break;
      base::Random chance = random(nth);
      disk.power_cut(chance, PowerCut::kSectors);
      ASSERT_TRUE(disk.powered());
    }
    Connection db(disk);
    ASSERT_EQ(db.ask("PRAGMA integrity_check"), "ok");
    ++(db.ask("SELECT count(*) FROM t") == "4" ? whole : absent);
  }
  EXPECT_GT(absent, 3);
  EXPECT_LT(whole, 3);
}

// Also when it goes off during the sync: that has promised nothing, and kept nothing.
TEST(Disk, ThePowerGoesOffAtEveryCallOfACommit) {
  std::uint64_t calls = 1;
  for (std::uint64_t nth = 1; nth <= calls; ++nth) {
    Disk disk(random(nth));
    {
      Connection db(disk);
      fill(db, 3, 0);
      if (nth == 1) {
        disk.watch([&calls] { ++calls; });
        ASSERT_EQ(db.run("INSERT INTO t VALUES(NULL, zeroblob(9000))"), SQLITE_OK);
        disk.watch(nullptr);
        continue;
      }
      disk.lose_power_at(nth - 1);
      ASSERT_NE(db.run("INSERT INTO t VALUES(NULL, zeroblob(9000))"), SQLITE_OK) << nth;
      base::Random chance = random(nth);
      disk.power_cut(chance, PowerCut::kAll);
    }
    EXPECT_EQ(rows_in(disk), "3");
  }
  EXPECT_GT(calls, 5u);
}

TEST(Disk, AFullDiskRollsBackAndRecovers) {
  Disk disk(random(1));
  Connection db(disk);
  fill(db, 2, 0);
  disk.set_capacity(disk.bytes() + 5000);

  EXPECT_EQ(db.run("INSERT INTO t VALUES(NULL, zeroblob(20000))"), SQLITE_FULL);
  EXPECT_EQ(db.ask("SELECT count(*) FROM t"), "2");
  disk.set_capacity(0);
  EXPECT_EQ(db.run("INSERT INTO t VALUES(NULL, zeroblob(20000))"), SQLITE_OK);
}

TEST(Disk, AReadOnlyDiskIsRead) {
  Disk disk(random(1));
  Connection before(disk);
  fill(before, 2, 0);
  disk.set_read_only(true);

  EXPECT_EQ(before.run("INSERT INTO t VALUES(NULL, 'x')") & 0xff, SQLITE_IOERR);
  Connection after(disk);
  EXPECT_EQ(after.ask("SELECT count(*) FROM t"), "2");
  EXPECT_EQ(after.run("INSERT INTO t VALUES(NULL, 'x')") & 0xff, SQLITE_READONLY);
  EXPECT_EQ(Connection(disk, "new.db").code() & 0xff, SQLITE_CANTOPEN);
}

TEST(Disk, SlowCallsCostVirtualTime) {
  Disk disk(random(1));
  Connection db(disk);
  fill(db, 1, 0);
  EXPECT_EQ(disk.take_cost(), base::Duration());
  disk.set_delays(base::millis(1), base::millis(500));
  db.run("INSERT INTO t VALUES(NULL, 'x')");

  const base::Duration cost = disk.take_cost();

  EXPECT_GT(cost, base::millis(500));
  EXPECT_LT(cost, base::millis(550));
  EXPECT_EQ(disk.take_cost(), base::Duration());
}

// research/reliability.md, finding 3: everything after the flipped frame is gone, without an error.
TEST(Disk, AFlippedBitInTheLogHidesLaterCommits) {
  Disk disk(random(1));
  {
    Connection db(disk);
    fill(db, 9, 0);
    disk.kill();
  }
  ASSERT_TRUE(disk.flip_bit("a.db-wal", disk.read("a.db-wal").size() / 2, 3));
  EXPECT_FALSE(disk.flip_bit("a.db-wal", 1u << 30, 3));
  base::Random chance = random(1);
  disk.power_cut(chance, PowerCut::kAll);  // it is on the medium, too
  Connection db(disk);

  const int rows = std::stoi(db.ask("SELECT count(*) FROM t"));

  EXPECT_GT(rows, 1);
  EXPECT_LT(rows, 8);
}

TEST(Disk, ATruncatedFileIsDurablyShort) {
  Disk disk(random(1));
  {
    Connection db(disk);
    fill(db, 9, 0);
    disk.kill();
  }
  ASSERT_TRUE(disk.truncate("a.db-wal", 0));
  base::Random chance = random(1);
  disk.power_cut(chance, PowerCut::kAll);

  EXPECT_EQ(rows_in(disk), "0");
}

// --- files

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

// --- the store on it

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

// Readers that stay open must not keep the store from sharing the log's memory after a kill.
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
}  // namespace simulation
