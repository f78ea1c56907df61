// Rule 2: an echo, that is, a peer shows more of our own actor than we have. It is a lost tail or a
// fork, see docs/decisions/0007-a-lost-tail-is-no-fork.md.

#include "tests/replica/join_fixture.h"
#include "tests/replica/replica_fixture.h"
#include "tests/store/fault_vfs.h"

namespace agent {
namespace {

struct Copied : testing::Test {
  Folder folder;
  Files files;
  ReplicaOptions options;
  std::unique_ptr<Replica> a;
  std::unique_ptr<Replica> copy;
  std::unique_ptr<Replica> z = open_replica(folder.file("z.db"), 2);
  base::ActorId actor;

  // `a` and `copy` are one running machine that was cloned with its memory. Up to here both have
  // drawn the same random numbers. Two processes can have one actor only in this way.
  void SetUp() override {
    options.files = &files;
    a = open_replica(folder.file("a.db"), 1, options);
    copy = open_replica(folder.file("copy.db"), 1, options);
    auto own = turn(*a, 1, {add("common")}).facts.own;
    turn(*copy, 1, {add("common")});
    turn(*z, 2, {received(own)});
    actor = a->own_actor();
    ASSERT_EQ(actor, copy->own_actor());
    ASSERT_EQ(a->vector(), copy->vector());
  }
  void reopen_a() {
    a.reset();
    a = open_replica(folder.file("a.db"), 7, options);
  }
};

// We have lost our tail. The changes that come follow our head, so they do not contradict our
// changes.
TEST_F(Copied, ALostTailIsTakenBackUnderItsOldNumbers) {
  auto later = turn(*copy, 3, {add("y"), add("z")}).facts.own;

  Outputs out = turn(*a, 4, {received(later)});
  Outputs next = turn(*a, 5, {add("mine")});

  EXPECT_TRUE(says(out, Notice::Kind::kEcho));
  EXPECT_FALSE(out.reopen);
  ASSERT_EQ(out.facts.left.size(), 1u);
  EXPECT_EQ(out.facts.left[0], actor);
  EXPECT_EQ(a->vector().seq_of(actor), 3u);
  EXPECT_NE(a->own_actor(), actor);
  auto first = crdt::open_change(next.facts.own.at(0).bytes);
  ASSERT_EQ(first->change.deps.size(), 1u);
  EXPECT_EQ(first->change.deps[0].head.seq, 3u);
  turn(*z, 6, {received(later), received(next.facts.own)});
  EXPECT_EQ(z->state(), a->state());
}

TEST_F(Copied, AVectorAboveOursEndsTheActorBeforeItsChangesCome) {
  Outputs out = turn(*a, 4, {EchoSeen{z->node_id(), actor, {3, 99}}, add("mine")});

  EXPECT_TRUE(says(out, Notice::Kind::kEcho));
  EXPECT_FALSE(out.reopen);
  EXPECT_EQ(a->vector().seq_of(actor), 1u);
  EXPECT_NE(a->own_actor(), actor);
  turn(*a, 5, {EchoSeen{z->node_id(), actor, {1, 99}}, EchoSeen{z->node_id(), actor, {3, 99}}});
  EXPECT_FALSE(turn(*a, 6, {}).reopen)
      << "a vector of an actor that we have left already caused a repair";
}

TEST_F(Copied, ADependencyAboveOursEndsTheActorToo) {
  auto later = turn(*copy, 3, {add("y")}).facts.own;
  turn(*z, 4, {received(later)});
  auto upon = turn(*z, 5, {add("w")}).facts.own;

  Outputs out = turn(*a, 6, {received(upon), add("mine")});

  EXPECT_TRUE(says(out, Notice::Kind::kEcho));
  EXPECT_NE(a->own_actor(), actor);
  EXPECT_EQ(shown(*a, "w"), "absent") << "a change was applied before its dependency";
  turn(*a, 7, {received(later)});
  EXPECT_EQ(shown(*a, "w"), R"({"size":1})");
}

TEST_F(Copied, AForkIsRefusedAndStopsWriting) {
  auto other = turn(*copy, 3, {add("theirs")}).facts.own;
  turn(*a, 3, {add("mine")});

  Outputs out = turn(*a, 4, {received({other})});
  Outputs refused = turn(*a, 5, {add("more"), received(log_of(*z))});

  EXPECT_TRUE(says(out, Notice::Kind::kPrevMismatch));
  EXPECT_TRUE(says(out, Notice::Kind::kSetAside));
  EXPECT_TRUE(out.reopen);
  EXPECT_TRUE(out.facts.durable);
  EXPECT_EQ(shown(*a, "theirs"), "absent");
  EXPECT_EQ(*a->store().proofs().count(), 1);
  EXPECT_EQ(a->store().meta().repair.common, 1u)
      << "the `prev` of the received change is our first change";
  EXPECT_EQ(refused.replies.at(0).result.error().code, base::Code::kUnavailable);
  EXPECT_TRUE(refused.reopen);
}

TEST_F(Copied, AForkFurtherUpIsSeenByItsPredecessor) {
  auto other = turn(*copy, 3, {add("theirs"), add("theirs too")}).facts.own;
  turn(*a, 3, {add("mine")});

  Outputs out = turn(*a, 4, {received({other[1]})});

  EXPECT_TRUE(out.reopen);
  EXPECT_EQ(a->store().meta().repair.common, 0u)
      << "without a proof the common number is the floor of the log";
}

// A copy that has written less than we have shows only a number that we have used already.
TEST_F(Copied, AForkBelowOurHeadIsSeen) {
  auto other = turn(*copy, 3, {add("theirs")}).facts.own;
  turn(*a, 3, {add("mine"), add("mine too")});

  Outputs out = turn(*a, 4, {received(other)});

  EXPECT_TRUE(out.reopen);
  EXPECT_EQ(a->store().meta().repair.common, 1u);
}

// After a rollback of the machine we may have written more changes than peers have of our actor.
// Then the number that peers show is lower than ours, whether a change, a dependency or a claim
// shows it.
TEST_F(Copied, AForkBelowOurHeadIsSeenInADependency) {
  turn(*z, 3, {received(turn(*copy, 3, {add("theirs")}).facts.own)});
  auto upon = turn(*z, 4, {add("upon theirs")}).facts.own;
  turn(*a, 4, {add("mine"), add("mine too")});

  Outputs out = turn(*a, 5, {received(upon)});

  EXPECT_TRUE(out.reopen);
  EXPECT_EQ(a->store().meta().repair.actor, actor);
}

TEST_F(Copied, AForkBelowOurHeadIsSeenInAClaim) {
  turn(*a, 3, {add("mine")});
  const crdt::Head ours = a->vector().head_of(actor);
  turn(*a, 4, {add("mine too")});

  EXPECT_FALSE(turn(*a, 5, {ConfirmOwn{actor, ours.seq, ours.hash}}).reopen);
  Outputs out = turn(*a, 6, {ConfirmOwn{actor, ours.seq, 99}});

  EXPECT_TRUE(out.facts.confirmed.empty());
  EXPECT_TRUE(out.reopen);
}

TEST_F(Copied, AJoinFromAForkBelowOurHeadDropsNothing) {
  turn(*z, 3, {received(turn(*copy, 3, {add("theirs")}).facts.own)});
  turn(*a, 4, {add("mine"), add("mine too")});
  turn(*z, 4, {add("w")});
  Joining joining{*a, *z};

  joining.start();
  joining.finish();

  EXPECT_TRUE(joining.failed());
  EXPECT_TRUE(joining.last.reopen);
  EXPECT_NE(shown(*a, "mine"), "absent");
}

// If the join were merged, it would drop the changes of another agent's fork that only we hold.
TEST_F(Copied, AJoinFromAForkOfSomebodyElseDropsNothing) {
  auto m = open_replica(folder.file("m.db"), 3);
  turn(*a, 3, {add("mine"), add("mine too")});
  turn(*m, 4, {received(log_of(*a))});
  turn(*z, 3, {received(turn(*copy, 3, {add("theirs")}).facts.own)});
  turn(*z, 4, {add("w")});
  Joining joining{*m, *z};

  joining.start();
  joining.finish();

  EXPECT_TRUE(joining.failed());
  EXPECT_FALSE(joining.last.reopen);
  EXPECT_NE(shown(*m, "mine"), "absent");
}

// A peer fetched the change from our log before our node was told of it, so the node took the
// peer's vector for an echo. Found by the simulator: on slow disks, databases were set aside for
// this.
TEST_F(Copied, WhatPeersFetchedBeforeTheNodeHeardOfItIsNoEcho) {
  turn(*a, 3, {add("mine")});
  crdt::Head first = a->vector().head_of(actor);
  turn(*a, 4, {add("mine too")});

  Outputs out = turn(*a, 5,
                     {EchoSeen{z->node_id(), actor, first},
                      EchoSeen{z->node_id(), actor, a->vector().head_of(actor)}});

  EXPECT_FALSE(out.reopen);
  EXPECT_EQ(a->own_actor(), actor);
}

TEST_F(Copied, OurNumberWithAnotherContentInAVectorIsAFork) {
  turn(*a, 3, {add("mine")});

  Outputs out = turn(*a, 4, {EchoSeen{z->node_id(), actor, {2, 99}}});

  EXPECT_TRUE(out.reopen);
}

TEST_F(Copied, TheForkOfAnActorThatWeLeftIsSeenAsWell) {
  auto other = turn(*copy, 3, {add("theirs")}).facts.own;
  turn(*a, 3, {add("mine")});
  reopen_a();
  turn(*a, 4, {add("under a new actor")});

  Outputs out = turn(*a, 5, {received(other)});

  EXPECT_TRUE(out.reopen);
  EXPECT_EQ(a->store().meta().repair.actor, actor);
}

// There are two contents under one number of an actor that is not ours. We refuse one of them, but
// we have nothing to repair.
TEST_F(Copied, AForkOfSomebodyElseStopsNobodyElse) {
  turn(*z, 3, {received(turn(*copy, 3, {add("theirs")}).facts.own)});

  Outputs out = turn(*z, 4, {received(turn(*a, 3, {add("mine")}).facts.own)});

  EXPECT_TRUE(says(out, Notice::Kind::kPrevMismatch));
  EXPECT_FALSE(out.reopen);
  EXPECT_TRUE(turn(*z, 5, {add("w")}).replies.at(0).result.ok());
}

TEST_F(Copied, AfterAForkTheTailIsSealedAgainUponWhatPeersHold) {
  turn(*z, 3, {received(turn(*copy, 3, {add("theirs")}).facts.own)});
  turn(*z, 4, {add("of z")});
  turn(*a, 3, {add("mine", R"({"size":5})")});
  turn(*a, 4, {Write{1, patch_entry("snapshots", "mine", {{"size", "6"}})}});
  turn(*a, 5, {Write{1, remove_entry("snapshots", "common")}});
  base::NodeId node = a->node_id();
  ASSERT_TRUE(turn(*a, 6, {received(log_of(*z))}).reopen);

  reopen_a();
  Outputs early = turn(*a, 7, {add("too early"), received(log_of(*z))});
  Outputs out = turn(*a, 8, {Synchronised{z->node_id()}});
  while (a->replaying()) {
    Outputs more = turn(*a, 9, {});
    out.facts.own.insert(out.facts.own.end(), more.facts.own.begin(), more.facts.own.end());
  }

  EXPECT_TRUE(says(early, Notice::Kind::kSetAside));
  EXPECT_EQ(early.replies.at(0).result.error().code, base::Code::kUnavailable);
  EXPECT_NE(a->node_id(), node);
  EXPECT_EQ(out.facts.own.size(), 3u);
  EXPECT_EQ(out.facts.own.at(0).actor, a->own_actor());
  EXPECT_EQ(shown(*a, "mine"), R"({"size":6})");
  EXPECT_EQ(shown(*a, "theirs"), R"({"size":1})");
  EXPECT_EQ(shown(*a, "of z"), R"({"size":1})");
  EXPECT_EQ(shown(*a, "common"), "absent")
      << "a kill of the tail did not remove a cell that both sides had";
  turn(*z, 10, {received(out.facts.own)});
  EXPECT_EQ(z->state(), a->state());
  EXPECT_TRUE(a->store().verify_digest().ok());
  EXPECT_TRUE(turn(*a, 11, {add("again")}).replies.at(0).result.ok());
  EXPECT_TRUE(std::filesystem::exists(folder.file("a.db.aside-1")));
  auto slot = crdt::Slot{"snapshots", {"mine", "size"}, crdt::SlotType::kLwwRegister};
  EXPECT_EQ(a->store().cells().load_slot(slot)->cells.size(), 1u)
      << "the patch did not kill the dot under its new name";
}

// One request writes a place and then writes it again. So its change names dots of its own, and
// these have new names too.
TEST_F(Copied, ATailThatNamesItsOwnDotsIsSealedAgainAsItWas) {
  turn(*z, 3, {received(turn(*copy, 3, {add("theirs")}).facts.own)});
  const auto set = [](std::string value) {
    return crdt::Op{{"k"}, crdt::Verb::kSet, std::move(value), crdt::SlotType::kLwwRegister, {}};
  };
  const auto typed = crdt::Op{
      {"t"}, crdt::Verb::kInsert, crdt::TextInsert{0, {}, "abc"}, crdt::SlotType::kSeq, {}};
  const auto erased =
      crdt::Op{{"t"}, crdt::Verb::kErase, crdt::TextErase{0, 2}, crdt::SlotType::kSeq, {}};
  Outputs written =
      turn(*a, 4, {Write{1, WriteObject{"doc", {set("1"), set("2"), typed, erased}}}});
  ASSERT_TRUE(written.replies.at(0).result.ok());
  ASSERT_TRUE(turn(*a, 6, {received(log_of(*z))}).reopen);

  reopen_a();
  turn(*a, 7, {received(log_of(*z))});
  Outputs out = turn(*a, 8, {Synchronised{z->node_id()}});
  while (a->replaying()) {
    Outputs more = turn(*a, 9, {});
    out.facts.own.insert(out.facts.own.end(), more.facts.own.begin(), more.facts.own.end());
  }
  ASSERT_EQ(out.facts.own.size(), 1u);
  turn(*z, 10, {received(out.facts.own)});

  EXPECT_EQ(z->state(), a->state());
  const crdt::Slot slot{"doc", {"k"}, crdt::SlotType::kLwwRegister};
  EXPECT_EQ(z->store().cells().load_slot(slot)->cells.size(), 1u);
  EXPECT_EQ(*z->store().cells().texts().shown({"doc", {"t"}, crdt::SlotType::kSeq}), "c");
}

// At first we know only a later head of the fork. We find the last number in common when the
// changes have come.
TEST_F(Copied, WhatWasInCommonAfterAllIsNotSealedTwice) {
  turn(*z, 3, {received(turn(*copy, 3, {add("theirs")}).facts.own)});
  turn(*z, 4, {Write{1, remove_entry("snapshots", "common")}});
  turn(*a, 3, {add("mine")});
  ASSERT_TRUE(turn(*a, 4, {EchoSeen{z->node_id(), actor, {2, 99}}}).reopen);

  reopen_a();
  turn(*a, 5, {received(log_of(*z)), Synchronised{z->node_id()}});
  while (a->replaying()) turn(*a, 6, {});

  EXPECT_EQ(shown(*a, "common"), "absent") << "a removed entry returned";
  EXPECT_EQ(shown(*a, "mine"), R"({"size":1})");
  EXPECT_EQ(shown(*a, "theirs"), R"({"size":1})");
}

TEST_F(Copied, WithoutAnyMemberItGoesOnAloneWithWhatWasHeld) {
  turn(*a, 3, {add("mine"), received(turn(*z, 3, {add("of z")}).facts.own)});
  ASSERT_TRUE(turn(*a, 4, {received(turn(*copy, 3, {add("theirs")}).facts.own)}).reopen);

  reopen_a();
  EXPECT_TRUE(a->fetching());
  turn(*a, 5, {Synchronised{}});
  while (a->replaying()) turn(*a, 6, {});

  EXPECT_EQ(shown(*a, "common"), R"({"size":1})");
  EXPECT_EQ(shown(*a, "of z"), R"({"size":1})");
  EXPECT_EQ(shown(*a, "mine"), R"({"size":1})");
  EXPECT_TRUE(turn(*a, 7, {add("more")}).replies.at(0).result.ok());
}

TEST_F(Copied, ATwinTakesAnotherNodeIdAndActorAndKeepsItsState) {
  base::NodeId node = a->node_id();
  turn(*a, 3, {add("mine")});

  Outputs out = turn(*a, 4, {TwinSeen{}, add("too late")});
  reopen_a();
  turn(*a, 6, {add("under a new actor")});

  EXPECT_TRUE(says(out, Notice::Kind::kTwin));
  EXPECT_TRUE(out.reopen);
  EXPECT_TRUE(out.facts.durable);
  EXPECT_EQ(out.replies.at(0).result.error().code, base::Code::kUnavailable);
  EXPECT_NE(a->node_id(), node);
  EXPECT_TRUE(a->has_new_node_id());
  EXPECT_NE(a->own_actor(), actor);
  EXPECT_EQ(shown(*a, "mine"), R"({"size":1})");
  EXPECT_FALSE(turn(*a, 7, {}).reopen);
}

// The agent is stopped cleanly between the notice of the twin and the next start.
TEST_F(Copied, ATwinThatStopsCleanlyTakesAnotherNodeIdToo) {
  base::NodeId node = a->node_id();
  turn(*a, 4, {TwinSeen{}});

  ASSERT_TRUE(a->close().ok());
  a.reset();
  a = open_replica(folder.file("a.db"), 7, options);

  EXPECT_NE(a->node_id(), node);
  EXPECT_TRUE(a->own_actor().is_zero());
}

TEST_F(Copied, AForkThatShowsAfterATwinHasParted) {
  auto other = turn(*copy, 3, {add("theirs")}).facts.own;
  turn(*a, 3, {add("mine")});
  turn(*a, 4, {TwinSeen{}});
  reopen_a();

  EXPECT_TRUE(turn(*a, 6, {received(other)}).reopen);
}

// The turn that shows the echo fails. The replica must remember the echo in spite of that.
struct CopiedOnAFullDisk : Copied {
  CopiedOnAFullDisk() {
    store::sample::faults() = {};
    options.store.vfs = store::sample::kFaultVfs;
  }
  ~CopiedOnAFullDisk() override { store::sample::faults() = {}; }

  Outputs turn_on_a_full_disk(std::vector<Input> inputs) {
    store::sample::Faults& faults = store::sample::faults();
    faults.full = true;
    faults.fail_from = faults.calls;
    faults.fail_until = 1 << 30;
    Outputs out = turn(*a, 4, std::move(inputs));
    EXPECT_TRUE(a->fault().has_value());
    faults = {};
    return out;
  }
};

TEST_F(CopiedOnAFullDisk, AnEchoEndsTheActorAlthoughItsTurnFails) {
  auto later = turn(*copy, 3, {add("theirs")}).facts.own;
  Outputs refused = turn_on_a_full_disk({received(later), add("refused")});
  EXPECT_TRUE(says(refused, Notice::Kind::kEcho));

  Outputs out = turn(*a, 5, {add("mine")});

  ASSERT_EQ(out.facts.own.size(), 1u);
  EXPECT_NE(out.facts.own[0].actor, actor)
      << "the actor went on, and peers hold another content under this number";
  turn(*z, 6, {received(out.facts.own)});
  turn(*a, 7, {received(later)});
  EXPECT_EQ(shown(*a, "theirs"), R"({"size":1})");
  EXPECT_EQ(a->vector().seq_of(actor), 2u);
  turn(*z, 7, {received(later), received(log_of(*a))});
  EXPECT_EQ(z->vector(), a->vector());
  EXPECT_EQ(z->state(), a->state());
}

TEST_F(CopiedOnAFullDisk, AForkEndsTheActorAlthoughItsTurnFails) {
  auto other = turn(*copy, 3, {add("theirs")}).facts.own;
  turn(*a, 3, {add("mine")});
  turn_on_a_full_disk({received(other)});

  Outputs out = turn(*a, 5, {add("more")});

  ASSERT_EQ(out.facts.own.size(), 1u);
  EXPECT_NE(out.facts.own[0].actor, actor);
  EXPECT_TRUE(turn(*a, 6, {received(other)}).reopen);
}

}  // namespace
}  // namespace agent
