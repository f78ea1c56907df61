// What is left of a database after a kill, a power cut, or a failing device.

#include <set>

#include "tests/simulation/disk_connection.h"

namespace simulation::testing {
namespace {

using Call = Disk::Call;

// --- The process or the host ends

TEST(Disk, AKillKeepsWhatWasWrittenAndEndsTheHandles) {
  Disk disk(random(1));
  Connection dead(disk);
  fill(dead, 5, 5);
  disk.kill();

  EXPECT_EQ(dead.run("INSERT INTO t VALUES(NULL, 'x')") & 0xff, SQLITE_IOERR);
  EXPECT_EQ(dead.run("SELECT count(*) FROM t") & 0xff, SQLITE_IOERR);
  EXPECT_EQ(rows_in(disk), "5");
}

// The process died in the middle of a transaction. Its locks must be gone.
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

// The same with a lock on the database itself, which a rollback journal uses.
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

// A log that was created and never synced does not exist after the power cut.
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

// The same seed gives the same image, byte for byte, with the same salts in the log.
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

// The commit is there as a whole or not at all, at whichever call the power goes off.
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

// The power goes off during the sync. The sync has reported nothing, so nothing needs to be kept.
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

// SQLite drops every frame after the one with the flipped bit, without an error.
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
  disk.power_cut(chance, PowerCut::kAll);  // the flipped bit is on the medium too
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

}  // namespace
}  // namespace simulation::testing
