// Rule 6: all pages show one state, the merge uses our vector at the time of the merge, and an
// object that was left out as equal must still be equal then.

#include "tests/replica/join_fixture.h"

namespace agent {
namespace {

TEST_F(JoinTest, AnEmptyReplicaTakesAllOver) {
  for (int i = 0; i < 20; ++i) write(*a, {add("x" + std::to_string(i))});
  write(*a, {add_to("images", "i"), remove_from("snapshots", "x3")});

  Outputs out = join(*z, *a);

  expect_equal(*a, *z);
  EXPECT_EQ(out.facts.advanced.at(a->own_actor()), a->vector().head_of(a->own_actor()));
  EXPECT_EQ(out.facts.state, z->state());
  EXPECT_FALSE(out.facts.durable);
  EXPECT_TRUE(z->unsynced());
  EXPECT_TRUE(merged(out));
  EXPECT_FALSE(z->store().staged().get(0, 0)->has_value()) << "a staged page was not deleted";
}

TEST_F(JoinTest, SeveralTypesUnderOneNameArriveWhereverAPageEnds) {
  auto c = open_replica(folder.file("c.db"), 3);
  crdt::HeadHash last = 0;
  for (const char* name : {"images", "long name", "snapshots"}) {
    for (crdt::SlotType type :
         {crdt::SlotType::kPnCounter, crdt::SlotType::kOrSet, crdt::SlotType::kSeq}) {
      Sealed sealed = write(*c, {add("x")});
      auto other = changed(sealed.at(0), [&](crdt::Change& change) {
        change.prev = last;
        for (crdt::Effect& effect : change.effects) effect.slot = {name, {}, type};
      });
      last = other.hash;
      turn(*a, 1, {received({other})});
    }
  }
  write(*a, {add("x"), add_to("images", "i")});
  ASSERT_EQ(a->store().cells().objects(std::nullopt, 100)->size(), 11u);

  for (std::size_t bytes : {1u, 60u, 100u, 200u}) {
    a.reset();
    a = open_replica(folder.file("a.db"), 1, tiny_pages(bytes));
    auto joiner = open_replica(folder.file("j" + std::to_string(bytes) + ".db"), 9);
    join(*joiner, *a);
    expect_equal(*a, *joiner);
  }
}

TEST_F(JoinTest, WhatTheOtherHasNotSeenStays) {
  join(*z, *a);
  write(*a, {add("theirs")});
  write(*z, {add("ours")});

  join(*z, *a);

  EXPECT_EQ(shown(*z, "ours"), R"({"size":1})");
  EXPECT_EQ(shown(*z, "theirs"), R"({"size":1})");
  join(*a, *z);
  expect_equal(*a, *z);
}

TEST_F(JoinTest, WhatTheOtherHasSeenAndRemovedGoes) {
  Sealed first = write(*a, {add("x"), add_to("images", "gone")});
  turn(*z, 1, {received(first)});
  write(*a, {remove_from("snapshots", "x"), Write{1, remove_object("images")}});

  join(*z, *a);

  EXPECT_EQ(shown(*z, "x"), "absent");
  EXPECT_EQ(z->store().cells().object("images", crdt::SlotType::kMap), nullptr);
  expect_equal(*a, *z);
}

// The server writes between the reads of the pages. All pages must show the state at the start of
// the join.
TEST_F(JoinTest, AllPagesShowOneStateWhileTheServerWrites) {
  for (int i = 0; i < 10; ++i) write(*a, {add("x" + std::to_string(i))});
  crdt::VersionVector before = a->vector();
  crdt::StateHash state = a->state();
  Joining joining{*z, *a};
  joining.start();
  for (int i = 0; joining.asks(); ++i) {
    joining.step();
    write(*a,
          {remove_from("snapshots", "x" + std::to_string(i % 10)), add("y" + std::to_string(i))});
  }

  EXPECT_TRUE(joining.done());
  EXPECT_EQ(z->vector(), before);
  EXPECT_EQ(z->state(), state);
  expect_sound(*z);
}

TEST_F(JoinTest, APageOfAnotherSnapshotBeginsAnew) {
  for (int i = 0; i < 5; ++i) write(*a, {add("x" + std::to_string(i))});
  Joining joining{*z, *a};
  joining.start();
  joining.step();
  joining.step();

  take_forged(joining, [](crdt::SnapshotPage& page) { page.name.id += 1; });

  ASSERT_TRUE(joining.asks());
  EXPECT_EQ(crdt::decode_snapshot_query(joining.last.facts.join->query)->snapshot, 0u);
  joining.finish();
  EXPECT_TRUE(joining.done());
  expect_equal(*a, *z);
}

TEST_F(JoinTest, ForEverOtherSnapshotsAreGivenUp) {
  write(*a, {add("x")});
  Joining joining{*z, *a};
  joining.start();
  for (int i = 0; i < 20 && joining.asks(); ++i) {
    joining.step();
    if (joining.asks()) {
      take_forged(joining, [](crdt::SnapshotPage& page) { page.name.state.vector ^= 1; });
    }
  }

  EXPECT_TRUE(joining.failed());
  EXPECT_TRUE(has_notice(joining.last, Notice::Kind::kJoinRefused));
}

// A dot arrives and is removed while the join runs. If the merge used the vector at the start of
// the join, it would bring the dot back.
TEST_F(JoinTest, ADotThatArrivedAndDiedMeanwhileStaysDead) {
  Sealed born = write(*a, {add("x")});
  Joining joining{*z, *a};
  joining.start();
  joining.step();
  Sealed died = write(*a, {remove_from("snapshots", "x")});
  turn(*z, 11, {received(born), received(died)});

  joining.finish();

  EXPECT_EQ(shown(*z, "x"), "absent");
  expect_equal(*a, *z);
}

// Like the test before, but this join also brings something that we do not have.
TEST_F(JoinTest, ADotThatDiedMeanwhileStaysDeadInAMergeToo) {
  Folder other;
  auto m = open_replica(other.file(), 3);
  Sealed from_m = write(*m, {add("m")});
  Sealed born = write(*a, {add("x")});
  turn(*a, 2, {received(from_m)});
  Joining joining{*z, *a};
  joining.start();
  joining.step();
  Sealed died = write(*a, {remove_from("snapshots", "x")});
  Sealed without_m{born};
  auto opened = crdt::open_change(died[0].bytes);
  ASSERT_EQ(opened->change.deps.size(), 1u) << "the change `died` must depend on the change of m";
  turn(*z, 11, {received(without_m)});
  write(*z, {remove_from("snapshots", "x")});

  joining.finish();

  EXPECT_EQ(shown(*z, "x"), "absent");
  EXPECT_EQ(shown(*z, "m"), R"({"size":1})");
  expect_sound(*z);
}

// The object is equal when it is compared, so the join leaves it out. Then we alone receive a
// change of this object. The other side has seen this change and its removal.
TEST_F(JoinTest, AnObjectThatIsEqualNoLongerIsFetchedAfterAll) {
  Folder other;
  auto b = open_replica(other.file(), 3);
  Sealed equal = write(*b, {add_to("images", "e")});
  turn(*a, 1, {received(equal)});
  turn(*z, 1, {received(equal)});
  Sealed added = write(*b, {add_to("images", "x")});
  Sealed removed = write(*b, {remove_from("images", "x")});
  turn(*a, 2, {received(added), received(removed)});
  for (int i = 0; i < 5; ++i) write(*a, {add("y" + std::to_string(i))});
  Joining joining{*z, *a};
  joining.start();
  do {
    joining.step();
  } while (!crdt::decode_snapshot_query(joining.last.facts.join->query)->run);
  auto run = crdt::decode_snapshot_query(joining.last.facts.join->query)->run;
  ASSERT_EQ(run->first.first, "snapshots") << "the object that is equal was not left out";
  turn(*z, 11, {received(added)});
  ASSERT_EQ(shown_in(*z, "images", "x"), R"({"size":1})");

  joining.finish();

  EXPECT_EQ(shown_in(*z, "images", "x"), "absent");
  expect_equal(*a, *z);
}

// A replica cannot serve a range of changes that it got only through a state join.
TEST_F(JoinTest, TheFloorRisesToTheJoinedVector) {
  Sealed log = write(*a, {add("x0"), add("x1"), add("x2"), add("x3")});
  turn(*z, 1, {received({log[0], log[1]})});
  join(*z, *a);
  base::ActorId actor = a->own_actor();
  turn(*z, 12, {received(write(*a, {add("x4")}))});

  auto range = [&](std::uint64_t seq) {
    crdt::VersionVector have;
    have.set(actor, {seq, 1});
    int changes = 0;
    auto visited = z->store().log().range(z->store().actors(), have, {},
                                          [&](const store::LogEntry&) { ++changes; });
    return visited.ok() ? changes : -1;
  };
  EXPECT_EQ(z->store().actors().find(actor)->floor, 4u);
  EXPECT_EQ(range(1), -1) << "a range below the floor was served";
  EXPECT_EQ(range(4), 1);
}

// While a peer joins, the server does not prune its log above the snapshot.
TEST_F(JoinTest, TheLogAboveTheSnapshotWaitsForTheJoiner) {
  ReplicaOptions options = tiny_pages();
  options.store.log_bytes_max = 1'000;
  Folder other;
  auto server = open_replica(other.file(), 3, options);
  auto busy = [&](std::int64_t millis) {
    turn(*server, millis,
         {add("b" + std::to_string(millis % 7)), ConfirmOwn{server->own_actor(), 1u << 30}});
  };
  for (int i = 1; i < 20; ++i) busy(i);
  ASSERT_GT(server->store().actors().find(server->own_actor())->floor, 5u);
  Joining joining{*z, *server, 20};
  joining.start();
  while (joining.asks()) {
    joining.step();
    for (int i = 0; i < 5; ++i) busy(20);
  }
  std::uint64_t joined = z->vector().seq_of(server->own_actor());

  EXPECT_LE(server->store().actors().find(server->own_actor())->floor, joined);
  busy(40'000);
  busy(40'001);
  EXPECT_GT(server->store().actors().find(server->own_actor())->floor, joined)
      << "an idle lease still holds the log back";
}

TEST_F(JoinTest, TheNextOwnChangeNamesWhatTheJoinMoved) {
  write(*a, {add("x")});
  join(*z, *a);

  Sealed own = write(*z, {add("y")});

  auto opened = crdt::open_change(own[0].bytes);
  ASSERT_EQ(opened->change.deps.size(), 1u);
  EXPECT_EQ(opened->change.deps[0].actor, a->own_actor());
  EXPECT_EQ(opened->change.deps[0].head.seq, 1u);
  turn(*a, 3, {received(own)});
  expect_equal(*a, *z);
}

// The change names only heads of the snapshot that no other head depends on. Example: (m,1) depends
// on (a,1), so (m,1) alone is named.
TEST_F(JoinTest, TheNextOwnChangeNamesTheFrontierOfTheJoinAlone) {
  Sealed first = write(*a, {add("x")});
  auto m = open_replica(folder.file("m.db"), 3, tiny_pages());
  turn(*m, 2, {received(first)});
  write(*m, {add("w")});
  join(*z, *m);

  Sealed own = write(*z, {add("y")});

  auto opened = crdt::open_change(own[0].bytes);
  ASSERT_EQ(opened->change.deps.size(), 1u);
  EXPECT_EQ(opened->change.deps[0].actor, m->own_actor());
}

// Otherwise the node that asked for the page would wait for a long time (simulator, seed 1017272).
TEST_F(JoinTest, APageThatNoJoinWaitsForEndsTheJoinOfTheNode) {
  write(*a, {add("x")});
  Joining joining{*z, *a};
  joining.start();
  SnapshotRead page = joining.ask();
  turn(*z, 11, {StopJoin{a->node_id()}});

  joining.take(page);

  EXPECT_TRUE(joining.failed());
  EXPECT_EQ(joining.last.facts.join->peer, a->node_id());
}

TEST_F(JoinTest, AJoinThatTheLogHasOvertakenMergesNothing) {
  Sealed own = write(*a, {add("x")});
  Joining joining{*z, *a};
  joining.start();
  SnapshotRead page = joining.ask();
  turn(*z, 11, {received(own)});

  joining.take(page);

  EXPECT_TRUE(joining.done());
  ASSERT_EQ(joining.last.joins.size(), 1u);
  EXPECT_EQ(joining.last.joins[0].outcome, JoinReport::Outcome::kNothingNew);
  expect_equal(*a, *z);
}

TEST_F(JoinTest, AnAnswerThatComesTwiceOrFromAnotherIsIgnored) {
  for (int i = 0; i < 3; ++i) write(*a, {add("x" + std::to_string(i))});
  Joining joining{*z, *a};
  joining.start();
  SnapshotRead page = joining.ask();
  base::NodeId stranger;
  EXPECT_FALSE(turn(*z, 10, {JoinAnswer{stranger, page.body}}).facts.join.has_value());
  joining.take(page);
  EXPECT_FALSE(turn(*z, 10, {JoinAnswer{a->node_id(), page.body}}).facts.join.has_value());

  joining.finish();

  expect_equal(*a, *z);
}

TEST_F(JoinTest, ARestartDropsWhatWasStaged) {
  for (int i = 0; i < 3; ++i) write(*a, {add("x" + std::to_string(i))});
  Joining joining{*z, *a};
  joining.start();
  joining.step();
  joining.step();
  ASSERT_TRUE(z->store().staged().get(StateJoin::kHead, 0)->has_value());
  z.reset();

  z = open_replica(folder.file("z.db"), 4);

  EXPECT_FALSE(z->store().staged().get(StateJoin::kHead, 0)->has_value());
  EXPECT_TRUE(z->vector().empty());
  join(*z, *a);
  expect_equal(*a, *z);
}

TEST_F(JoinTest, StoppingItLeavesNothing) {
  write(*a, {add("x")});
  Joining joining{*z, *a};
  joining.start();
  joining.step();

  Outputs out = turn(*z, 11, {StopJoin{a->node_id()}});

  EXPECT_EQ(out.facts.join->kind, JoinStep::Kind::kFailed);
  EXPECT_FALSE(z->store().staged().get(StateJoin::kHead, 0)->has_value());
  EXPECT_TRUE(z->vector().empty());
}

TEST_F(JoinTest, WatchersHearOfEntriesThatShowSomethingElse) {
  Sealed first = write(*a, {add("same"), add("gone"), add("moved")});
  turn(*z, 1, {received(first)});
  write(*a, {add("new"), remove_from("snapshots", "gone"),
             Write{1, patch_entry("snapshots", "moved", {{"size", "2"}})}});

  Outputs out = join(*z, *a);

  ASSERT_EQ(out.events.size(), 3u);
  EXPECT_EQ(out.events[0].path[0], "gone");
  EXPECT_EQ(out.events[0].op, "remove");
  EXPECT_EQ(out.events[0].value, "null");
  EXPECT_EQ(out.events[1].path[0], "moved");
  EXPECT_EQ(out.events[1].value, R"({"size":2})");
  EXPECT_EQ(out.events[1].actor, a->own_actor());
  EXPECT_EQ(out.events[1].seq, 6u);
  EXPECT_EQ(out.events[1].node, a->node_id().hex());
  EXPECT_EQ(out.events[2].path[0], "new");
  EXPECT_EQ(out.events[0].position, out.events[2].position);
  EXPECT_LT(out.events[0].position, z->store().meta().next_position);
}

TEST_F(JoinTest, MoreEventsThanTheBoundAreCutAndSaidSo) {
  ReplicaOptions options;
  options.join.events_max = 2;
  Folder other;
  auto m = open_replica(other.file(), 3, options);
  write(*a, {add("x"), add("y"), add("z")});

  Outputs out = join(*m, *a);

  EXPECT_EQ(out.events.size(), 2u);
  EXPECT_TRUE(out.events_cut);
}

// A join gets a position in the log, but the log cannot say what it changed. A client whose cursor
// is below this position must read the whole state again.
TEST_F(JoinTest, ItsPositionIsKeptAsOneThatTheLogCannotTell) {
  write(*z, {add("before")});
  write(*a, {add("x")});
  std::int64_t next = z->store().meta().next_position;
  ASSERT_EQ(z->store().meta().lost_position, 0);

  join(*z, *a);

  EXPECT_EQ(z->store().meta().lost_position, next);
  write(*z, {add("after")});
  join(*z, *a);  // `a` has nothing that `z` lacks
  EXPECT_EQ(z->store().meta().lost_position, next);
  EXPECT_EQ(z->store().meta().next_position, next + 2);
}

TEST_F(JoinTest, TheClockOfTheSnapshotIsMerged) {
  turn(*a, 60'000, {add("x")});

  join(*z, *a, 10);

  EXPECT_GE(z->clock().latest(), a->clock().latest());
}

}  // namespace
}  // namespace agent
