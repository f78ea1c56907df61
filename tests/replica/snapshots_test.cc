// The serving side of joins: leases and their bounds.

#include <sqlite3.h>

#include "crdt/snapshot.h"
#include "tests/replica/join_fixture.h"

namespace agent {
namespace {

using Reading = SnapshotRead::Outcome;

struct SnapshotsTest : testing::Test {
  Folder folder;
  std::unique_ptr<Replica> a = open();

  std::unique_ptr<Replica> open(const ReplicaOptions& options = tiny_pages()) {
    return open_replica(folder.file("a.db"), 1, options);
  }
  static crdt::SnapshotQuery query_of(std::uint64_t step, std::uint64_t snapshot = 0) {
    crdt::SnapshotQuery query;
    query.step = step;
    query.snapshot = snapshot;
    return query;
  }
  static base::NodeId peer(unsigned char number) {
    base::NodeId id;
    id.bytes[0] = number;
    return id;
  }
  SnapshotRead ask(unsigned char who, const crdt::SnapshotQuery& query, std::int64_t millis = 10) {
    Outputs out = turn(*a, millis, {SnapshotQuery{1, peer(who), crdt::encode(query)}});
    return out.pages.at(0);
  }
  // Starts a snapshot for the peer `who` and returns its id.
  std::uint64_t begin(unsigned char who, std::int64_t millis = 10) {
    SnapshotRead page = ask(who, query_of(who), millis);
    EXPECT_EQ(page.outcome, Reading::kPage);
    return crdt::decode_snapshot_page(page.body)->name.id;
  }
  Reading again(unsigned char who, std::uint64_t snapshot, std::int64_t millis = 10) {
    return ask(who, query_of(100, snapshot), millis).outcome;
  }
};

TEST_F(SnapshotsTest, MoreThanTheBoundAreBusy) {
  for (unsigned char who = 1; who <= 4; ++who) begin(who);

  EXPECT_EQ(ask(5, query_of(5)).outcome, Reading::kBusy);
  EXPECT_EQ(ask(5, query_of(5), 31'000).outcome, Reading::kPage) << "idle leases were not ended";
}

// Otherwise a lease would keep its reader and its prepared page for as long as nobody writes.
TEST_F(SnapshotsTest, ALeaseEndsOnAnAgentWithoutTurns) {
  turn(*a, 1, {add("x")});
  begin(1);
  turn(*a, 20, {add("y")});
  auto is_read = [this] {
    sqlite3* handle = nullptr;
    EXPECT_EQ(sqlite3_open(folder.file("a.db").c_str(), &handle), SQLITE_OK);
    // A connection finds the write-ahead log only when it reads something.
    sqlite3_exec(handle, "SELECT count(*) FROM meta", nullptr, nullptr, nullptr);
    int code =
        sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    sqlite3_close(handle);
    return code == SQLITE_BUSY;
  };

  a->scrub(at(29'000));
  bool early = is_read();
  a->scrub(at(31'000));

  EXPECT_TRUE(early);
  EXPECT_FALSE(is_read());
}

TEST_F(SnapshotsTest, OneThatGaveEverythingMakesRoom) {
  turn(*a, 1, {add("x")});
  std::uint64_t first = begin(1);
  for (unsigned char who = 2; who <= 4; ++who) begin(who);
  crdt::ObjectKey object{"snapshots", crdt::SlotType::kMap};
  crdt::SnapshotQuery last = query_of(9, first);
  last.run = {object, object, std::nullopt};
  bool more = true;
  while (more) {
    auto page = crdt::decode_snapshot_page(ask(1, last).body);
    more = page->more;
    last.run->after = {page->slots.back().slot, page->slots.back().cells.back().dot};
  }

  EXPECT_EQ(ask(5, query_of(5)).outcome, Reading::kPage);
  EXPECT_EQ(again(1, first), Reading::kGone);
}

TEST_F(SnapshotsTest, APageIsNoLargerThanAskedFor) {
  a = open(ReplicaOptions());
  for (int i = 0; i < 20; ++i) turn(*a, 1 + i, {add("entry" + std::to_string(i))});
  crdt::SnapshotQuery query = query_of(9, begin(1, 50));
  crdt::ObjectKey object{"snapshots", crdt::SlotType::kMap};
  query.run = {object, object, std::nullopt};
  auto page_of = [&](std::uint64_t bytes_max) {
    Outputs out = turn(*a, 51, {SnapshotQuery{1, peer(1), crdt::encode(query), bytes_max}});
    return crdt::decode_snapshot_page(out.pages.at(0).body);
  };

  EXPECT_FALSE(page_of(0)->more);
  EXPECT_FALSE(page_of(UINT64_MAX)->more);
  EXPECT_TRUE(page_of(500)->more);
  EXPECT_EQ(page_of(1)->slots.size(), 1u)
      << "a page must have one slot at least, or the join makes no progress";
}

// Pages are so small that each holds one slot or two.
struct ReadAheadTest : SnapshotsTest {
  crdt::SnapshotQuery query;
  crdt::SnapshotPage page;

  ReadAheadTest() {
    turn(*a, 1, {add("x"), add("y")});
    crdt::ObjectKey object{"snapshots", crdt::SlotType::kMap};
    query = query_of(9, begin(1));
    query.run = {object, object, std::nullopt};
    next();
  }
  // Fetches the page of `query`. Then `query` asks for the page after it.
  void next() {
    page = *crdt::decode_snapshot_page(ask(1, query).body);
    ++query.step;
    query.run->after = {page.slots.back().slot, page.slots.back().cells.back().dot};
  }
};

TEST_F(ReadAheadTest, OnePageALeaseIsMade) {
  EXPECT_TRUE(a->read_ahead());
  EXPECT_FALSE(a->read_ahead());
  next();
  EXPECT_TRUE(a->read_ahead());
}

TEST_F(ReadAheadTest, APageIsTheSameWithoutIt) {
  base::Bytes plain = ask(1, query).body;
  while (a->read_ahead()) continue;
  EXPECT_EQ(ask(1, query).body, plain)
      << "the page that was read ahead is of the next query, so a repeated query must not get it";
  query.run->after.reset();
  --query.step;
  next();
  ASSERT_TRUE(a->read_ahead());

  EXPECT_EQ(ask(1, query).body, plain);
}

TEST_F(ReadAheadTest, WhoeverAsksForAnotherPlaceGetsThat) {
  ASSERT_TRUE(a->read_ahead());
  crdt::SnapshotQuery first = query;
  first.run->after.reset();

  auto answer = crdt::decode_snapshot_page(ask(1, first).body);
  EXPECT_EQ(answer->step, first.step);
  EXPECT_EQ(answer->slots, page.slots);
}

TEST_F(ReadAheadTest, WhoeverTakesLessByNowGetsLess) {
  ASSERT_TRUE(a->read_ahead());
  base::Bytes ahead = ask(1, query).body;
  query.run->after.reset();
  --query.step;
  next();
  ASSERT_TRUE(a->read_ahead());
  Outputs out = turn(*a, 11, {SnapshotQuery{1, peer(1), crdt::encode(query), 1}});

  EXPECT_LT(out.pages.at(0).body.size(), ahead.size());
}

TEST_F(ReadAheadTest, NothingIsMadeBehindTheLastPageNorForALeaseThatEnded) {
  while (page.more) next();
  EXPECT_FALSE(a->read_ahead());

  query.run->after.reset();
  next();
  ASSERT_TRUE(page.more);
  turn(*a, 60'000, {});
  EXPECT_FALSE(a->read_ahead());
}

TEST_F(SnapshotsTest, AnIdleOneIsGone) {
  std::uint64_t id = begin(1);
  EXPECT_EQ(again(1, id, 29'000), Reading::kPage);
  EXPECT_EQ(again(1, id, 60'000), Reading::kGone);
}

TEST_F(SnapshotsTest, AnOldOneIsGoneHoweverBusy) {
  std::uint64_t id = begin(1);
  Reading last = Reading::kPage;
  for (std::int64_t millis = 20'000; millis < 640'000; millis += 20'000) {
    last = again(1, id, millis);
  }
  EXPECT_EQ(last, Reading::kGone);
}

TEST_F(SnapshotsTest, OneIsGoneWhenTheLogHasGrownTooFar) {
  ReplicaOptions options = tiny_pages();
  options.store.log_bytes_max = 500;
  options.snapshots.log_bytes_max = 2'000;
  a.reset();
  a = open(options);
  std::uint64_t id = begin(1);
  for (int i = 0; i < 5; ++i) turn(*a, 11, {add("x")});
  EXPECT_EQ(again(1, id), Reading::kPage);
  for (int i = 0; i < 30; ++i) turn(*a, 11, {add("x")});

  EXPECT_EQ(again(1, id), Reading::kGone);
  turn(*a, 12, {ConfirmOwn{a->own_actor(), 1000}});
  turn(*a, 13, {add("x")});
  EXPECT_LT(a->store().log().bytes(), 1'000u);
}

TEST_F(SnapshotsTest, OneIsGoneWhenTheWriteAheadLogHasGrownTooFar) {
  ReplicaOptions options = tiny_pages();
  options.store.wal_pages = 50;
  options.snapshots.wal_pages_max = 200;
  a.reset();
  a = open(options);
  std::uint64_t id = begin(1);
  for (int i = 0; i < 100; ++i) turn(*a, 11, {add("x" + std::to_string(i))});

  EXPECT_EQ(again(1, id), Reading::kGone);
}

TEST_F(SnapshotsTest, AnotherPeerCannotAskForIt) {
  std::uint64_t id = begin(1);

  EXPECT_EQ(again(2, id), Reading::kGone);
  EXPECT_EQ(again(1, id), Reading::kPage);
}

// The peer asks again because the first answer was lost: the same step of the same join gets the
// same snapshot. A query of another join ends it.
TEST_F(SnapshotsTest, AskingAgainGivesTheSameOne) {
  std::uint64_t id = begin(1);

  EXPECT_EQ(begin(1), id);
  crdt::SnapshotQuery anew = query_of(77);
  auto other = crdt::decode_snapshot_page(ask(1, anew).body);
  EXPECT_NE(other->name.id, id);
  EXPECT_EQ(again(1, id), Reading::kGone);
}

TEST_F(SnapshotsTest, TheSameQueryGivesTheSamePage) {
  turn(*a, 1, {add("x"), add("y")});
  std::uint64_t id = begin(1);
  crdt::ObjectKey object{"snapshots", crdt::SlotType::kMap};
  crdt::SnapshotQuery query = query_of(4, id);
  query.run = {object, object, std::nullopt};

  std::string first = ask(1, query).body;
  turn(*a, 11, {add("z"), Write{1, remove_entry("snapshots", "x")}});

  EXPECT_EQ(ask(1, query).body, first);
}

TEST_F(SnapshotsTest, ARestartEndsThem) {
  std::uint64_t id = begin(1);
  a.reset();
  a = open_replica(folder.file("a.db"), 2);

  EXPECT_EQ(again(1, id), Reading::kGone);
}

TEST_F(SnapshotsTest, WhatIsNoQueryFails) {
  Outputs out = turn(*a, 1, {SnapshotQuery{9, peer(1), "what"}});

  ASSERT_EQ(out.pages.size(), 1u);
  EXPECT_EQ(out.pages[0].request, 9u);
  EXPECT_EQ(out.pages[0].outcome, Reading::kFailed);
}

// Rule 3: a snapshot shows only a state that is on the medium.
TEST_F(SnapshotsTest, TakingOneBringsEverythingToTheMedium) {
  auto z = open_replica(folder.file("z.db"), 2);
  turn(*z, 1, {received(turn(*a, 1, {add("x")}).facts.own)});
  ASSERT_TRUE(z->unsynced());

  Outputs out = turn(*z, 2, {SnapshotQuery{1, peer(1), crdt::encode(query_of(1))}});

  EXPECT_EQ(out.pages.at(0).outcome, Reading::kPage);
  EXPECT_TRUE(out.facts.durable);
  EXPECT_FALSE(z->unsynced());
}

// Also a turn that fails answers the snapshot queries that it took: they need nothing of it.
TEST_F(SnapshotsTest, ARefusedTurnAnswersItsQueries) {
  auto z = open_replica(folder.file("z.db"), 2);
  turn(*z, 1, {add("y")});

  Outputs started = turn(*a, 2, {StartJoin{z->node_id(), false}});
  SnapshotQuery query{1, a->node_id(), started.facts.join->query};
  auto page = turn(*z, 2, {query}).pages.at(0);
  // The page cannot be staged because a row with its key exists already.
  ASSERT_TRUE(a->store().begin().ok());
  ASSERT_TRUE(a->store().staged().put(0, 0, "in the way").ok());
  ASSERT_TRUE(a->store().commit(store::Durability::kFull).ok());
  Outputs out = turn(
      *a, 3,
      {JoinAnswer{z->node_id(), page.body}, SnapshotQuery{5, peer(1), crdt::encode(query_of(1))}});

  EXPECT_EQ(out.facts.join->kind, JoinStep::Kind::kFailed);
  ASSERT_EQ(out.pages.size(), 1u);
  EXPECT_EQ(out.pages[0].request, 5u);
  EXPECT_EQ(out.pages[0].outcome, Reading::kPage);
}

}  // namespace
}  // namespace agent
