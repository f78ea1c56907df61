// Rule 2: a dot is never used twice.

#include <filesystem>

#include "tests/replica/replica_fixture.h"

namespace agent {
namespace {

TEST(Identity, TheActorIsMintedAtTheFirstOwnWriteOnly) {
  Folder folder;
  auto a = open_replica(folder.file(), 1);
  EXPECT_TRUE(a->own_actor().is_zero());

  Outputs out = turn(*a, 1, {add("x")});

  EXPECT_FALSE(a->own_actor().is_zero());
  ASSERT_EQ(out.notices.size(), 1u);
  EXPECT_EQ(out.notices[0].kind, Notice::Kind::kActorMinted);
}

// An actor is never used again: not after a clean stop, and not although its name is in the
// database.
TEST(Identity, EveryStartMintsANewActorThatNamesTheFormer) {
  for (bool clean : {true, false}) {
    Folder folder;
    auto a = open_replica(folder.file(), 1);
    turn(*a, 1, {add("x")});
    base::ActorId former = a->own_actor();
    base::NodeId node = a->node_id();
    if (clean) {
      ASSERT_TRUE(a->close().ok());
    }
    a.reset();

    a = open_replica(folder.file(), 3);
    EXPECT_TRUE(a->own_actor().is_zero());
    EXPECT_EQ(a->left(), std::vector{former});
    auto own = turn(*a, 2, {add("y")}).facts.own;

    EXPECT_NE(a->own_actor(), former);
    EXPECT_EQ(a->node_id(), node);
    auto opened = crdt::open_change(own.at(0).bytes);
    ASSERT_EQ(opened->change.deps.size(), 1u);
    EXPECT_EQ(opened->change.deps[0].actor, former);
    EXPECT_EQ(opened->change.deps[0].head.seq, 1u);
  }
}

// The commit of the start itself stores that the former actor is left. If the agent is killed
// before its first turn, this is already in the file.
TEST(Identity, TheFormerActorIsLeftDurablyByTheStart) {
  Folder folder;
  auto a = open_replica(folder.file(), 1);
  turn(*a, 1, {add("x")});
  base::ActorId former = a->own_actor();
  a.reset();
  a = open_replica(folder.file(), 2);
  std::filesystem::copy_file(folder.file(), folder.file("killed.db"));
  std::filesystem::copy_file(folder.file() + "-wal", folder.file("killed.db-wal"));

  auto store = store::Store::open(folder.file("killed.db"), {});

  ASSERT_TRUE(store.ok());
  EXPECT_TRUE((*store)->meta().own_actor.is_zero());
  EXPECT_TRUE((*store)->actors().find(former)->left);
}

TEST(Identity, ADatabaseThatNamesAnotherHostTakesANewNodeId) {
  Folder folder;
  auto a = open_replica(folder.file(), 1);
  turn(*a, 1, {add("x")});
  base::NodeId node = a->node_id();
  a.reset();

  a = open_replica(folder.file(), 3, {}, "another host");

  EXPECT_NE(a->node_id(), node);
  EXPECT_TRUE(a->has_new_node_id());
  node = a->node_id();
  a.reset();
  a = open_replica(folder.file(), 4, {}, "another host");
  EXPECT_EQ(a->node_id(), node);
  EXPECT_FALSE(a->has_new_node_id());
}

// Containers of one volume and cloned virtual machines: the host fingerprint and the path are
// equal, so nothing shows that there are two.
TEST(Identity, CopiesThatNothingTellsApartWriteUnderDifferentActors) {
  Folder folder;
  auto a = open_replica(folder.file(), 1);
  turn(*a, 1, {add("x")});
  ASSERT_TRUE(a->close().ok());
  a.reset();
  std::filesystem::copy_file(folder.file(), folder.file("copy.db"));
  a = open_replica(folder.file(), 2);
  auto copy = open_replica(folder.file("copy.db"), 3);

  auto mine = turn(*a, 2, {add("mine")}).facts.own;
  auto theirs = turn(*copy, 2, {add("theirs")}).facts.own;

  EXPECT_NE(a->own_actor(), copy->own_actor());
  EXPECT_FALSE(turn(*a, 3, {received(theirs)}).reopen);
  EXPECT_FALSE(turn(*copy, 3, {received(mine)}).reopen);
  EXPECT_EQ(a->state(), copy->state());
}

// A stops cleanly and its file is copied. A writes more and stops. Then the copy replaces the file.
TEST(Identity, ARestoredBackupUsesNoNumberTwice) {
  Folder folder;
  auto a = open_replica(folder.file(), 1);
  auto z = open_replica(folder.file("z.db"), 9);
  turn(*z, 1, {received(turn(*a, 1, {add("x")}).facts.own)});
  ASSERT_TRUE(a->close().ok());
  a.reset();
  std::filesystem::copy_file(folder.file(), folder.file("backup.db"));
  a = open_replica(folder.file(), 2);
  turn(*z, 2, {received(turn(*a, 2, {add("y")}).facts.own)});
  base::ActorId former = a->own_actor();
  ASSERT_TRUE(a->close().ok());
  a.reset();
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(folder.file() + suffix);
  std::filesystem::copy_file(folder.file("backup.db"), folder.file());

  a = open_replica(folder.file(), 3);
  auto own = turn(*a, 3, {add("z")}).facts.own;

  EXPECT_NE(a->own_actor(), former);
  EXPECT_FALSE(turn(*a, 4, {received(log_of(*z))}).reopen);
  turn(*z, 4, {received(own)});
  EXPECT_EQ(a->state(), z->state());
}

TEST(Identity, EveryStartRaisesTheBootEpoch) {
  Folder folder;
  auto a = open_replica(folder.file(), 1);
  std::uint64_t first = a->boot_epoch();
  a.reset();

  a = open_replica(folder.file(), 2);

  EXPECT_GT(a->boot_epoch(), first);
}

TEST(Identity, LogPositionsNeverComeAgainAfterAStart) {
  Folder folder;
  auto a = open_replica(folder.file(), 1);
  auto before = turn(*a, 1, {add("x")}, true).events.at(0).position;
  a.reset();

  a = open_replica(folder.file(), 2);
  auto after = turn(*a, 2, {add("y")}, true).events.at(0).position;

  EXPECT_GT(after, before + 1'000'000);
}

// Rule 9: at a write, the hybrid clock is an hour ahead of a trusted wall clock. It starts again
// from the wall clock, under a new actor.
TEST(Identity, AClockFarAheadStartsAgainUnderANewActor) {
  Folder folder;
  auto a = open_replica(folder.file(), 1);
  turn(*a, 3'600'000, {add("x")});
  base::ActorId former = a->own_actor();

  Outputs out = turn(*a, 1, {add("y")});

  EXPECT_NE(a->own_actor(), former);
  EXPECT_LT(a->clock().latest().nanos, at(60'000).wall_nanos);
  EXPECT_EQ(out.notices.size(), 2u);
}

}  // namespace
}  // namespace agent
