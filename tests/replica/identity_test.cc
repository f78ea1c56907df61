// Rule 2: a dot is never used twice.

#include <filesystem>

#include "tests/replica/replica_fixture.h"

namespace agent {
namespace {

TEST(Identity, TheActorIsMintedAtTheFirstOwnWriteOnly) {
  Folder folder;
  auto a = open_replica(folder.file(), first_start(), 1);
  EXPECT_TRUE(a->own_actor().is_zero());

  Outputs out = turn(*a, 1, {add("x")});

  EXPECT_FALSE(a->own_actor().is_zero());
  ASSERT_EQ(out.notices.size(), 1u);
  EXPECT_EQ(out.notices[0].kind, Notice::Kind::kActorMinted);
}

TEST(Identity, ACleanStopKeepsTheActor) {
  Folder folder;
  auto a = open_replica(folder.file(), first_start(1), 1);
  turn(*a, 1, {add("x")});
  base::ActorId actor = a->own_actor();
  base::NodeId node = a->node_id();
  auto mark = a->close();
  Outside outside = next_start(*a, 2, mark);
  a.reset();

  a = open_replica(folder.file(), outside, 3);

  EXPECT_EQ(a->own_actor(), actor);
  EXPECT_EQ(a->node_id(), node);
  turn(*a, 2, {add("y")});
  EXPECT_EQ(a->vector().seq_of(actor), 2u);
}

// A kill leaves no mark: the next write goes under a new actor, which names the former one.
TEST(Identity, WithoutAMarkANewActorIsMinted) {
  Folder folder;
  auto a = open_replica(folder.file(), first_start(1), 1);
  turn(*a, 1, {add("x")});
  base::ActorId former = a->own_actor();
  base::NodeId node = a->node_id();
  Outside outside = next_start(*a, 2, std::nullopt);
  a.reset();

  a = open_replica(folder.file(), outside, 3);
  auto own = turn(*a, 2, {add("y")}).facts.own;

  EXPECT_NE(a->own_actor(), former);
  EXPECT_EQ(a->node_id(), node);
  auto opened = crdt::open_change(own[0].bytes);
  ASSERT_EQ(opened->change.deps.size(), 1u);
  EXPECT_EQ(opened->change.deps[0].actor, former);
  EXPECT_EQ(opened->change.deps[0].head.seq, 1u);
}

struct Tampering {
  const char* what;
  std::function<void(Outside&)> tamper;
  bool node_kept;
};

class MarkThatDoesNotFit : public ::testing::TestWithParam<Tampering> {};

TEST_P(MarkThatDoesNotFit, LeavesTheActorBehind) {
  Folder folder;
  auto a = open_replica(folder.file(), first_start(1), 1);
  turn(*a, 1, {add("x")});
  base::ActorId former = a->own_actor();
  base::NodeId node = a->node_id();
  Outside outside = next_start(*a, 2, a->close());
  GetParam().tamper(outside);
  a.reset();

  a = open_replica(folder.file(), outside, 3);

  EXPECT_TRUE(a->own_actor().is_zero());
  turn(*a, 2, {add("y")});
  EXPECT_NE(a->own_actor(), former);
  EXPECT_EQ(a->node_id() == node, GetParam().node_kept);
}

INSTANTIATE_TEST_SUITE_P(
    Identity, MarkThatDoesNotFit,
    ::testing::Values(Tampering{"token", [](Outside& o) { o.mark->run_token.bytes[3] ^= 1; }, true},
                      Tampering{"actor", [](Outside& o) { o.mark->actor.bytes[3] ^= 1; }, true},
                      Tampering{"seq", [](Outside& o) { o.mark->head.seq += 1; }, true},
                      Tampering{"hash", [](Outside& o) { o.mark->head.hash ^= 1; }, true},
                      Tampering{"host", [](Outside& o) { o.fingerprint = "other"; }, false},
                      Tampering{"tokens",
                                [](Outside& o) {
                                  o.tokens = {token(9), token(2)};
                                },
                                false}),
    [](const auto& tested) { return std::string(tested.param.what); });

// Stop cleanly, copy the file, go on writing, stop, put the copy back: the mark names a later
// state.
TEST(Identity, ARestoredBackupIsNotBelieved) {
  Folder folder;
  auto a = open_replica(folder.file(), first_start(1), 1);
  turn(*a, 1, {add("x")});
  auto first_mark = a->close();
  Outside second = next_start(*a, 2, first_mark);
  a.reset();
  std::filesystem::copy_file(folder.file(), folder.file("backup.db"));
  a = open_replica(folder.file(), second, 2);
  turn(*a, 2, {add("y")});
  base::ActorId former = a->own_actor();
  auto second_mark = a->close();
  Outside third = next_start(*a, 3, second_mark);
  a.reset();
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(folder.file() + suffix);
  std::filesystem::copy_file(folder.file("backup.db"), folder.file());

  a = open_replica(folder.file(), third, 3);
  turn(*a, 3, {add("z")});

  EXPECT_NE(a->own_actor(), former);
}

TEST(Identity, EveryStartRaisesTheBootEpoch) {
  Folder folder;
  auto a = open_replica(folder.file(), first_start(1), 1);
  std::uint64_t first = a->boot_epoch();
  Outside outside = next_start(*a, 2, std::nullopt);
  a.reset();

  a = open_replica(folder.file(), outside, 2);

  EXPECT_GT(a->boot_epoch(), first);
}

TEST(Identity, LogPositionsNeverComeAgainAfterAnUncleanEnd) {
  Folder folder;
  auto a = open_replica(folder.file(), first_start(1), 1);
  auto before = turn(*a, 1, {add("x")}, true).events.at(0).position;
  Outside outside = next_start(*a, 2, std::nullopt);
  a.reset();

  a = open_replica(folder.file(), outside, 2);
  auto after = turn(*a, 2, {add("y")}, true).events.at(0).position;

  EXPECT_GT(after, before + 1'000'000);
}

// Rule 9: found ahead of a trusted wall clock, the clock starts again from it, under a new actor.
TEST(Identity, AClockFarAheadStartsAgainUnderANewActor) {
  Folder folder;
  auto a = open_replica(folder.file(), first_start(1), 1);
  turn(*a, 3'600'000, {add("x")});
  base::ActorId former = a->own_actor();

  Outputs out = turn(*a, 1, {add("y")});

  EXPECT_NE(a->own_actor(), former);
  EXPECT_LT(a->clock().latest().nanos, at(60'000).wall_nanos);
  EXPECT_EQ(out.notices.size(), 2u);
}

}  // namespace
}  // namespace agent
