// The memtable in the store: what stands where, what a rest and a start do, and faults in the
// middle of a fold.

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "fault_vfs.h"
#include "sample.h"

namespace store {
namespace {

using sample::actor;
using sample::cell;

struct InMemory : testing::Test {
  void SetUp() override {
    sample::faults() = {};
    options.memtable_rest_calls = 2;
  }
  void TearDown() override { sample::faults() = {}; }
  void open() {
    store.reset();
    store = sample::open(path, options);
  }
  crdt::Slot field(int number) {
    return sample::slot("snapshots", {std::to_string(1'000 + number), "f"},
                        crdt::SlotType::kLwwRegister);
  }
  base::Status put(int number, const std::string& body) {
    return sample::commit(*store, field(number), {cell(actor(1), ++seq, body)});
  }
  void fill(int count, const std::string& body = "v") {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(put(i, body).ok());
  }
  void expect(CellTable& cells, int count, const std::string& body) {
    for (int i = 0; i < count; ++i) {
      const auto row = cells.load_slot(field(i));
      ASSERT_TRUE(row.ok()) << row.error().message;
      ASSERT_EQ(row->cells.size(), 1u) << i;
      ASSERT_EQ(row->cells[0].body, body) << i;
    }
  }
  std::int64_t count(const std::string& table) {
    return sample::raw_number(path, "SELECT count(*) FROM " + table);
  }

  sample::Folder folder;
  std::string path = folder.file("a.db");
  Options options;
  std::unique_ptr<Store> store;
  std::uint64_t seq = 0;
};

TEST_F(InMemory, ACommitWritesOneRowAndARestMovesAllToTheirPlaces) {
  open();
  fill(5);
  EXPECT_EQ(store->cells().slots_in_memory(), 5u);
  EXPECT_EQ(count("recent"), 5);
  EXPECT_EQ(count("cells"), 0);

  for (int i = 0; i < 3; ++i) store->rest();
  EXPECT_EQ(store->cells().slots_in_memory(), 0u);

  EXPECT_EQ(count("recent"), 0);
  EXPECT_EQ(count("cells"), 5);
  EXPECT_EQ(count("names"), 5);
  expect(store->cells(), 5, "v");
  EXPECT_TRUE(store->verify().ok());
}

TEST_F(InMemory, WhileCellsComeARestFoldsNothing) {
  open();
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(put(i, "v").ok());
    store->rest();
  }

  EXPECT_EQ(store->cells().slots_in_memory(), 8u);
}

TEST_F(InMemory, AStartReadsWhatIsNotFoldedAndReadersBesideItToo) {
  open();
  fill(20);
  fill(7, "w");
  open();

  EXPECT_EQ(store->cells().slots_in_memory(), 27u);
  expect(store->cells(), 7, "w");
  const auto reader = std::move(Reader::open(path, Options())).value();
  ASSERT_TRUE(reader->begin().ok());
  expect(reader->cells(), 7, "w");
}

TEST_F(InMemory, AFoldGoesOnCommitByCommitAndEndsWithoutARest) {
  options.memtable_slots = 10;
  options.memtable_fold_slots = 3;
  open();
  bool sliced = false;
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(put(i, "v").ok());
    sliced |= count("cells") % 10 != 0;
    ASSERT_LE(store->cells().slots_in_memory(), 20u);
    ASSERT_TRUE(store->verify().ok()) << i;
  }

  EXPECT_TRUE(sliced) << "each fold was one step";
  EXPECT_LE(count("recent"), 20);
  EXPECT_GE(count("cells"), 40);
  expect(store->cells(), 60, "v");
}

// The process ends again and again before a fold is complete.
TEST_F(InMemory, AStartGoesOnWithTheFoldWhereItWas) {
  options.memtable_slots = 40;
  options.memtable_fold_slots = 3;
  int written = 0;
  for (int run = 0; run < 60; ++run) {
    open();
    ASSERT_LE(store->cells().slots_in_memory(), 70u) << "run " << run;
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(put(written++, "v").ok());
    ASSERT_LE(store->cells().slots_in_memory(), 70u) << "run " << run;
  }
  ASSERT_TRUE(put(0, "w").ok());
  open();
  expect(store->cells(), 1, "w");
  for (int i = 1; i < written; ++i) {
    ASSERT_EQ(sample::read(*store, field(i)).size(), 1u) << i;
  }
  EXPECT_TRUE(store->verify().ok());
  sample::fold(*store);
  open();
  EXPECT_EQ(count("recent"), 0);
  EXPECT_EQ(count("meta WHERE k=10"), 0);
  EXPECT_EQ(count("cells"), written);
  EXPECT_TRUE(store->verify().ok());
}

TEST_F(InMemory, LargeCellsAndLargeTransactionsGoToTheirPlacesAtOnce) {
  options.memtable_turn_slots = 4;
  open();
  ASSERT_TRUE(put(0, std::string(options.memtable_cells_bytes + 1, 'x')).ok());
  EXPECT_EQ(count("cells"), 1);
  EXPECT_EQ(store->cells().slots_in_memory(), 0u);

  ASSERT_TRUE(store->begin().ok());
  for (int i = 1; i < 11; ++i) {
    ASSERT_TRUE(sample::write(*store, field(i), {cell(actor(1), ++seq, "v")}).ok());
  }
  ASSERT_TRUE(store->commit(Durability::kFull).ok());

  EXPECT_EQ(store->cells().slots_in_memory(), 4u);
  EXPECT_EQ(count("cells"), 7);
  // What is in memory stays there, whatever its size: it hides the row.
  ASSERT_TRUE(put(1, std::string(options.memtable_cells_bytes + 1, 'x')).ok());
  EXPECT_EQ(store->cells().slots_in_memory(), 5u);
  EXPECT_TRUE(store->verify().ok());
}

TEST_F(InMemory, WithoutAMemtableAllGoesToItsPlace) {
  open();
  fill(3, "old");
  options.memtable_slots = 0;
  open();
  fill(4, "new");
  ASSERT_TRUE(put(5, "new").ok());

  sample::fold(*store);

  EXPECT_EQ(count("cells"), 5);
  expect(store->cells(), 4, "new");
}

// After a restart the numbers of objects begin above those that the file has. Names of an object
// that is gone wait for their fold, and must not be taken for those of a new one.
TEST_F(InMemory, ANewObjectNeverGetsTheNumberOfOneWhoseNamesWait) {
  const auto top = [](const std::string& name) {
    return sample::slot(name, {"k"}, crdt::SlotType::kLwwRegister);
  };
  open();
  ASSERT_TRUE(sample::commit(*store, top("gone"), {cell(actor(1), 1, "old")}).ok());
  sample::fold(*store);
  ASSERT_TRUE(sample::commit(*store, top("gone"), {}).ok());
  open();

  ASSERT_TRUE(sample::commit(*store, top("fresh"), {cell(actor(1), 2, "new")}).ok());

  EXPECT_EQ(sample::read(*store, top("fresh"))[0].body, "new");
  sample::fold(*store);
  EXPECT_EQ(sample::read(*store, top("fresh"))[0].body, "new");
  EXPECT_TRUE(sample::read(*store, top("gone")).empty());
  EXPECT_TRUE(store->verify().ok());
  EXPECT_EQ(count("names"), 1);
}

TEST_F(InMemory, AReaderKeepsItsSnapshotWhileAllIsFolded) {
  open();
  fill(10, "old");
  const auto reader = std::move(Reader::open(path, options)).value();
  ASSERT_TRUE(reader->begin().ok());
  fill(10, "new");
  sample::fold(*store);
  fill(10, "newest");

  expect(reader->cells(), 10, "old");
  reader->end();
  ASSERT_TRUE(reader->begin().ok());
  expect(reader->cells(), 10, "newest");
}

// Every commit writes its number into ten entries. A reader that sees two numbers, or not the
// digest of its snapshot, has taken the memtable of another one.
TEST_F(InMemory, SnapshotsStayWholeWhileAnotherThreadCommitsAndFolds) {
  options.memtable_slots = 40;
  options.memtable_fold_slots = 7;
  options.memtable_fold_bytes = 2'000;
  open();
  const auto reader = std::move(Reader::open(path, options)).value();
  std::atomic<bool> done{false};
  std::atomic<int> reads{0};
  std::thread beside([&] {
    while (!done) {
      ASSERT_TRUE(reader->begin().ok());
      std::set<std::string> bodies;
      crdt::Digest digest;
      const auto status = reader->cells().scan_slots("snapshots", {}, [&](const SlotRow& row) {
        bodies.insert(row.cells[0].body);
        digest.add(crdt::cell_element(row.slot, row.cells[0]));
        return true;
      });
      ASSERT_TRUE(status.ok()) << status.error().message;
      ASSERT_LE(bodies.size(), 1u);
      ASSERT_EQ(reader->meta()->digest, digest);
      reader->end();
      ++reads;
    }
  });

  for (std::uint64_t round = 1; round <= 600 || reads < 100; ++round) {
    ASSERT_TRUE(store->begin(Durability::kNormal).ok());
    for (int i = 0; i < 10; ++i) {
      const auto live = cell(actor(1), round, std::to_string(round));
      ASSERT_TRUE(sample::write(*store, field(i), {live}).ok());
    }
    ASSERT_TRUE(store->commit(Durability::kNormal).ok());
  }
  done = true;
  beside.join();
}

// A fold writes pages, and a reader keeps all of them in the write-ahead log.
TEST_F(InMemory, NothingIsFoldedAtRestWhileAReaderKeepsALargeLog) {
  options.wal_rest_bytes = 100'000;
  open();
  fill(10, "old");
  const auto reader = std::move(Reader::open(path, options)).value();
  ASSERT_TRUE(reader->begin().ok());
  fill(10, "new");

  for (int i = 0; i < 10; ++i) store->rest();

  EXPECT_EQ(store->cells().slots_in_memory(), 20u);
  reader->end();
  for (int i = 0; i < 10; ++i) store->rest();
  EXPECT_EQ(store->cells().slots_in_memory(), 0u);
}

TEST_F(InMemory, ADiskThatIsFullInTheMiddleOfAFoldLosesNothing) {
  options.memtable_slots = 30;
  options.memtable_fold_slots = 4;
  options.vfs = sample::kFaultVfs;
  open();
  fill(33, "old");
  ASSERT_GT(store->cells().slots_in_memory(), 0u);
  ASSERT_GT(count("cells"), 0) << "no fold has begun";
  ASSERT_LT(count("cells"), 30) << "the fold is over";

  sample::faults().fill_wal_write = true;
  const auto full = put(40, "full");
  store->rest();
  sample::faults().fill_wal_write = false;

  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code, base::Code::kDiskFull);
  expect(store->cells(), 33, "old");
  EXPECT_TRUE(store->verify().ok());
  // The next commits do without a slice: they need the room.
  const std::int64_t folded = count("cells");
  ASSERT_TRUE(put(0, "new").ok());
  EXPECT_EQ(count("cells"), folded);
  EXPECT_TRUE(sample::read(*store, field(40)).empty()) << "the failed commit is seen";
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(put(i % 33, "new").ok());
  sample::fold(*store);
  expect(store->cells(), 33, "new");
  EXPECT_TRUE(store->verify().ok());
  EXPECT_EQ(count("cells"), 33);
}

// A bad row that a fold meets is not written over: it may be of other slots too. Commits go on
// without the fold until the memtable is overfull.
TEST_F(InMemory, ABadNameInTheWayOfAFoldIsReportedAndStopsNoOtherCommits) {
  options.memtable_slots = 10;
  open();
  fill(5, "old");
  sample::fold(*store);
  sample::raw(path, "UPDATE names SET sum=sum+1 WHERE id=3");
  open();
  for (int i = 0; i < 5; ++i) {
    crdt::Slot other = field(i);
    other.path[1] = "g";
    SlotRow row;
    row.slot = other;
    row.cells = {cell(actor(1), ++seq, "new")};
    ASSERT_TRUE(store->begin().ok());
    ASSERT_TRUE(store->cells().save(row).ok());
    ASSERT_TRUE(store->commit(Durability::kFull).ok());
  }

  int failed = 0;
  for (int i = 10; i < 20; ++i) {
    const auto done = put(i, "v");
    if (done.ok()) continue;
    ++failed;
    EXPECT_EQ(done.error().code, base::Code::kCorrupt);
    EXPECT_NE(done.error().message.find("table names"), std::string::npos);
  }

  EXPECT_EQ(failed, 1);
  base::Status last;
  for (int i = 20; i < 40; ++i) last = put(i, "v");
  EXPECT_EQ(last.error().code, base::Code::kCorrupt);
  EXPECT_LE(store->cells().slots_in_memory(), 25u);
}

TEST_F(InMemory, AChangedByteOfARowIsFound) {
  open();
  fill(3);
  store.reset();
  const std::string change = "UPDATE recent SET v=CAST(substr(v,1,9)||x'07'||substr(v,11) AS BLOB)";
  sample::raw(path, change + " WHERE pos=2");

  const auto opened = Store::open(path, options);
  const auto reader = std::move(Reader::open(path, Options())).value();
  const auto begun = reader->begin();

  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, base::Code::kCorrupt);
  EXPECT_NE(opened.error().message.find("table recent, row 2"), std::string::npos);
  ASSERT_FALSE(begun.ok());
  EXPECT_EQ(begun.error().code, base::Code::kCorrupt);
}

TEST_F(InMemory, ARowThatIsMissingBetweenTwoIsFound) {
  open();
  fill(3);
  store.reset();
  sample::raw(path, "DELETE FROM recent WHERE pos=2");

  const auto opened = Store::open(path, options);

  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, base::Code::kCorrupt);
}

TEST_F(InMemory, TheScrubReadsTheRowsAndADigestMissesALostOne) {
  open();
  fill(3);
  sample::raw(path, "UPDATE recent SET before=before+1 WHERE pos=1");
  const auto scrubbed = store->verify();
  ASSERT_FALSE(scrubbed.ok());
  EXPECT_NE(scrubbed.error().message.find("table recent, row 1"), std::string::npos);
  EXPECT_EQ(store->scrub().bad(), Scrub::Bad::kState);

  store.reset();
  sample::raw(path, "DELETE FROM recent");
  open();
  EXPECT_EQ(store->verify_digest().error().code, base::Code::kCorrupt);
}

}  // namespace
}  // namespace store
