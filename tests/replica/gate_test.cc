// Rule 4 (causal order) and the `prev` check of rule 2.

#include "agent/replica/gate.h"

#include "tests/replica/replica_fixture.h"

namespace agent {
namespace {

struct Pair {
  Folder folder;
  std::unique_ptr<Replica> a = open_replica(folder.file("a.db"), 1);
  std::unique_ptr<Replica> z = open_replica(folder.file("z.db"), 2);
};

TEST(Gate, WhatWasSeenIsIgnored) {
  Pair pair;
  auto own = turn(*pair.a, 1, {add("x")}).facts.own;
  turn(*pair.z, 2, {received(own)});
  crdt::StateHash once = pair.z->state();

  Outputs out = turn(*pair.z, 3, {received(own), received(own)});

  EXPECT_TRUE(out.facts.forgotten.empty());
  EXPECT_TRUE(out.facts.advanced.empty());
  EXPECT_EQ(pair.z->state(), once);
}

// There are two contents under one number, like after a copy of a running machine. Nothing of the
// message is applied.
TEST(Gate, ANumberWithTwoContentsIsRefusedWithItsWholeMessage) {
  Pair pair;
  auto own = turn(*pair.a, 1, {add("x")}).facts.own;
  turn(*pair.z, 2, {received(own)});
  auto opened = crdt::open_change(own[0].bytes);
  opened->change.time.nanos += 1;
  auto forged = crdt::seal(opened->change);
  Folder folder;
  auto m = open_replica(folder.file(), 3);
  auto harmless = turn(*m, 3, {add("y")}).facts.own;

  Outputs out = turn(*pair.z, 4, {received({harmless[0], *forged})});

  ASSERT_EQ(out.notices.size(), 1u);
  EXPECT_EQ(out.notices[0].kind, Notice::Kind::kPrevMismatch);
  EXPECT_EQ(out.facts.forgotten.size(), 2u);
  EXPECT_EQ(shown(*pair.z, "y"), "absent");
  EXPECT_EQ(*pair.z->store().proofs().count(), 1) << "the contradiction was not kept as a proof";
  turn(*pair.z, 5, {received({*forged})});
  EXPECT_EQ(*pair.z->store().proofs().count(), 1) << "one contradiction was kept more than once";
}

TEST(Gate, APredecessorThatDoesNotFitIsRefused) {
  Pair pair;
  auto own = turn(*pair.a, 1, {add("x"), add("y")}).facts.own;
  turn(*pair.z, 2, {received({own[0]})});
  auto opened = crdt::open_change(own[1].bytes);
  opened->change.prev ^= 1;
  auto forged = crdt::seal(opened->change);

  Outputs out = turn(*pair.z, 3, {received({*forged})});

  ASSERT_EQ(out.notices.size(), 1u);
  EXPECT_EQ(out.notices[0].kind, Notice::Kind::kPrevMismatch);
  EXPECT_EQ(pair.z->vector().seq_of(pair.a->own_actor()), 1u);
}

// Rule 12: a change with an unknown envelope version is not applied, and the vector stays below it.
TEST(Gate, AnUnknownEnvelopeStopsTheVector) {
  crdt::VersionVector vector;
  crdt::Opened opened;
  opened.envelope_known = false;
  opened.sealed.seq = 1;

  EXPECT_EQ(judge(vector, opened), Gate::kUnknown);
}

TEST(Gate, AChangeFromTheFutureIsAppliedButItsTimeIsNotTakenOver) {
  Pair pair;
  auto own = turn(*pair.a, 86'400'000, {add("x")}).facts.own;

  Outputs out = turn(*pair.z, 1, {received(own)});

  EXPECT_EQ(out.notices.at(0).kind, Notice::Kind::kClockAhead);
  EXPECT_EQ(shown(*pair.z, "x"), R"({"size":1})");
  EXPECT_LT(pair.z->clock().latest().nanos, at(60'000).wall_nanos);
  turn(*pair.z, 2, {Write{1, patch_entry("snapshots", "x", {{"size", "2"}})}});
  EXPECT_EQ(shown(*pair.z, "x"), R"({"size":2})");
}

}  // namespace
}  // namespace agent
