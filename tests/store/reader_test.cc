#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "sample.h"

namespace store {
namespace {

using sample::actor;
using sample::cell;

struct ReaderBeside : testing::Test {
  crdt::Slot field(const std::string& id, const std::string& name = "f") {
    return sample::slot("snapshots", {id, name}, crdt::SlotType::kLwwRegister);
  }
  void put(const crdt::Slot& place, const crdt::ActorId& who, const std::string& body) {
    ASSERT_TRUE(store->begin().ok());
    ASSERT_TRUE(sample::write(*store, place, {cell(who, ++seq, body)}).ok());
    ASSERT_TRUE(sample::apply(*store, sample::change(who, seq)).ok());
    ASSERT_TRUE(store->commit(Durability::kFull).ok());
  }
  std::string body(const crdt::Slot& place) {
    const auto row = reader->cells().load_slot(place);
    if (!row.ok()) return row.error().message;
    return row->cells.empty() ? "-" : row->cells[0].body;
  }

  sample::Folder folder;
  std::unique_ptr<Store> store = sample::open(folder.file("a.db"));
  std::unique_ptr<Reader> reader = std::move(Reader::open(folder.file("a.db"), {})).value();
  std::uint64_t seq = 0;
};

TEST_F(ReaderBeside, ASnapshotStandsStillUntilTheNext) {
  put(field("a"), actor(1), "old");
  ASSERT_TRUE(reader->begin().ok());
  EXPECT_EQ(body(field("a")), "old");

  put(field("a"), actor(2), "new");
  put(field("b", "other"), actor(3), "more");

  EXPECT_EQ(body(field("a")), "old");
  EXPECT_EQ(body(field("b", "other")), "-");
  EXPECT_EQ((*reader->actors())->vector().entries().size(), 1u);
  EXPECT_EQ(reader->meta()->digest, reader->cells().total_digest());
  EXPECT_EQ(reader->cells().total_cells(), 1);
  EXPECT_EQ(reader->log().changes(), 1u);
  reader->end();
  ASSERT_TRUE(reader->begin().ok());
  EXPECT_EQ(body(field("a")), "new");
  EXPECT_EQ(body(field("b", "other")), "more");
  EXPECT_EQ((*reader->actors())->vector().entries().size(), 3u);
  EXPECT_EQ(reader->meta()->digest, store->meta().digest);
  EXPECT_EQ(reader->log().changes(), 3u);
}

TEST_F(ReaderBeside, UncommittedWritesAreNotSeen) {
  ASSERT_TRUE(store->begin().ok());
  ASSERT_TRUE(sample::write(*store, field("a"), {cell(actor(1), 1, "1")}).ok());

  ASSERT_TRUE(reader->begin().ok());

  EXPECT_EQ(body(field("a")), "-");
  EXPECT_EQ(reader->cells().object("snapshots", crdt::SlotType::kMap), nullptr);
}

TEST_F(ReaderBeside, NewLanesActorsAndObjectsAreFollowed) {
  ASSERT_TRUE(reader->begin().ok());
  EXPECT_EQ(body(field("a")), "-");
  reader->end();
  for (unsigned i = 0; i < 300; ++i) {
    put(field("a", "f" + std::to_string(i)), actor(i), std::to_string(i));
    ASSERT_TRUE(reader->begin().ok());
    EXPECT_EQ(body(field("a", "f" + std::to_string(i))), std::to_string(i));
    EXPECT_EQ(reader->cells().entry("snapshots", "a")->fields.size(), i + 1);
    reader->end();
  }
}

TEST_F(ReaderBeside, RangesAreServed) {
  for (int i = 0; i < 5; ++i) put(field("a"), actor(1), "v");
  ASSERT_TRUE(reader->begin().ok());
  put(field("a"), actor(1), "v");
  std::vector<std::uint64_t> seen;

  const auto actors = reader->actors();
  const auto visited = reader->log().range(
      **actors, {}, {}, [&](const LogEntry& entry) { seen.push_back(entry.seq); });

  ASSERT_TRUE(visited.ok());
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
}

TEST_F(ReaderBeside, AReaderOutlivesTheStoreAndItsSuccessor) {
  put(field("a"), actor(1), "one");
  store.reset();
  ASSERT_TRUE(reader->begin().ok());
  EXPECT_EQ(body(field("a")), "one");
  reader->end();
  store = sample::open(folder.file("a.db"));

  put(field("a"), actor(1), "two");

  ASSERT_TRUE(reader->begin().ok());
  EXPECT_EQ(body(field("a")), "two");
}

TEST_F(ReaderBeside, TwoReadersHoldTwoSnapshots) {
  put(field("a"), actor(1), "one");
  ASSERT_TRUE(reader->begin().ok());
  put(field("a"), actor(1), "two");
  auto second = std::move(Reader::open(folder.file("a.db"), {})).value();
  ASSERT_TRUE(second->begin().ok());

  EXPECT_EQ(body(field("a")), "one");
  EXPECT_EQ(second->cells().load_slot(field("a"))->cells[0].body, "two");
}

// Every commit writes the same number into ten entries. A reader that sees two different numbers
// has seen half of a commit.
TEST_F(ReaderBeside, SnapshotsStayWholeWhileAnotherThreadWrites) {
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

  for (std::uint64_t round = 1; round <= 200 || reads < 20; ++round) {
    ASSERT_TRUE(store->begin(Durability::kNormal).ok());
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(sample::write(*store, field(std::to_string(i)),
                                {cell(actor(1), round, std::to_string(round))})
                      .ok());
    }
    ASSERT_TRUE(store->commit(Durability::kNormal).ok());
  }
  done = true;
  beside.join();

  EXPECT_GE(reads, 20);
}

TEST(ReaderOpen, NothingThereIsUnavailable) {
  sample::Folder folder;

  const auto reader = Reader::open(folder.file("none.db"), {});

  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.error().code, base::Code::kUnavailable);
}

}  // namespace
}  // namespace store
