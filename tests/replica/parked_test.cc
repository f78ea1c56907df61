// Rule 4: a change that comes before its dependencies is parked, within bounds. If there is no
// room, it is forgotten and fetched again later.

#include "agent/replica/parked.h"

#include "tests/replica/replica_fixture.h"

namespace agent {
namespace {

struct WaitingPair {
  Folder folder;
  ReplicaOptions options;
  std::unique_ptr<Replica> a = open_replica(folder.file("a.db"), 1);
  std::unique_ptr<Replica> z;

  explicit WaitingPair(std::size_t changes_max = 100) {
    options.parked.changes_max = changes_max;
    z = open_replica(folder.file("z.db"), 2, options);
  }
  std::vector<crdt::SealedChange> write(int count) {
    std::vector<Input> inputs;
    for (int i = 0; i < count; ++i) inputs.push_back(add("x" + std::to_string(i)));
    return turn(*a, 1, std::move(inputs)).facts.own;
  }
};

TEST(Parked, AGapWaitsAndIsAppliedInTheTurnThatFillsIt) {
  WaitingPair pair;
  auto own = pair.write(3);

  Outputs early = turn(*pair.z, 2, {received({own[2]}), received({own[1]})});
  Outputs filled = turn(*pair.z, 3, {received({own[0]})});

  EXPECT_TRUE(early.facts.forgotten.empty());
  EXPECT_TRUE(early.facts.advanced.empty());
  EXPECT_EQ(filled.facts.advanced.at(pair.a->own_actor()).seq, 3u);
  EXPECT_EQ(pair.z->state(), pair.a->state());
}

TEST(Parked, AChangeWaitsForItsDependencies) {
  WaitingPair pair;
  auto from_a = pair.write(1);
  turn(*pair.z, 2, {received(from_a)});
  auto from_z = turn(*pair.z, 3, {Write{1, remove_entry("snapshots", "x0")}}).facts.own;
  auto m = open_replica(pair.folder.file("m.db"), 3);

  turn(*m, 4, {received(from_z)});
  EXPECT_TRUE(m->vector().empty());
  turn(*m, 5, {received(from_a)});

  EXPECT_EQ(shown(*m, "x0"), "absent");
  EXPECT_EQ(m->state(), pair.z->state());
}

TEST(Parked, ANewcomerIsForgottenWhenTheBoundIsReached) {
  WaitingPair pair(2);
  auto own = pair.write(5);

  Outputs out = turn(*pair.z, 2, {received({own[4]}), received({own[3]}), received({own[2]})});

  ASSERT_EQ(out.facts.forgotten.size(), 1u);
  EXPECT_EQ(out.facts.forgotten[0].second, 3u);
  EXPECT_TRUE(says(out, Notice::Kind::kDropped));
  turn(*pair.z, 3, {received({own[0], own[1]})});
  EXPECT_EQ(pair.z->vector().seq_of(pair.a->own_actor()), 2u);
  turn(*pair.z, 4, {received({own[2]})});
  EXPECT_EQ(pair.z->state(), pair.a->state())
      << "the two parked changes were not applied after the missing one";
}

TEST(Parked, BytesAreBoundedToo) {
  WaitingPair pair;
  auto own = pair.write(3);
  Parked parked({100, own[1].bytes.size() + own[2].bytes.size() - 1});
  crdt::VersionVector none;

  EXPECT_TRUE(parked.add(none, crdt::Opened(*crdt::open_change(own[1].bytes))));
  EXPECT_TRUE(parked.add(none, crdt::Opened(*crdt::open_change(own[1].bytes))))
      << "a change that is parked already was refused";
  EXPECT_FALSE(parked.add(none, crdt::Opened(*crdt::open_change(own[2].bytes))));
  EXPECT_EQ(parked.bytes(), own[1].bytes.size());
}

// An author died and nobody else has one of its changes. The changes after this one are parked for
// ever, but changes of other authors are applied.
TEST(Parked, APredecessorThatNeverComesBlocksNobody) {
  WaitingPair pair(2);
  auto dead = pair.write(3);
  turn(*pair.z, 2, {received({dead[1], dead[2]})});
  auto b = open_replica(pair.folder.file("b.db"), 4);
  std::vector<crdt::SealedChange> from_b;
  for (int i = 0; i < 10; ++i) {
    for (auto& change : turn(*b, 3, {add("b" + std::to_string(i))}).facts.own) {
      from_b.push_back(change);
    }
  }

  Outputs out = turn(*pair.z, 4, {received(from_b)});

  EXPECT_TRUE(out.facts.forgotten.empty());
  EXPECT_EQ(pair.z->vector().seq_of(b->own_actor()), 10u);
  EXPECT_EQ(pair.z->vector().seq_of(pair.a->own_actor()), 0u);
}

TEST(Parked, WhatBecameSeenIsDroppedWithoutAWord) {
  WaitingPair pair;
  auto own = pair.write(3);
  turn(*pair.z, 2, {received({own[1]}), received({own[2]})});

  Outputs out = turn(*pair.z, 3, {received(own), received(own)});

  EXPECT_TRUE(out.facts.forgotten.empty());
  EXPECT_EQ(pair.z->state(), pair.a->state());
}

// The predecessor that comes is not the one that this change was sealed after.
TEST(Parked, AContradictionThatShowsAfterTheWaitIsRefused) {
  WaitingPair pair;
  auto own = pair.write(2);
  auto forged = changed(own[1], [](crdt::Change& change) { change.prev ^= 1; });
  turn(*pair.z, 2, {received({forged})});

  Outputs out = turn(*pair.z, 3, {received({own[0]})});

  EXPECT_TRUE(says(out, Notice::Kind::kPrevMismatch));
  ASSERT_EQ(out.facts.forgotten.size(), 1u);
  EXPECT_EQ(pair.z->vector().seq_of(pair.a->own_actor()), 1u);
  EXPECT_EQ(*pair.z->store().proofs().count(), 1);
  turn(*pair.z, 4, {received({own[1]})});
  EXPECT_EQ(pair.z->state(), pair.a->state());
}

// The changes of two writers arrive in random order, some of them several times. The bounds are so
// small that changes are dropped.
TEST(Parked, AnyOrderWithFetchingAgainConverges) {
  Folder folder;
  auto a = open_replica(folder.file("a.db"), 1);
  auto b = open_replica(folder.file("b.db"), 2);
  std::vector<crdt::SealedChange> all;
  for (int i = 0; i < 12; ++i) {
    Replica& writer = i % 3 == 0 ? *a : *b;
    Replica& other = i % 3 == 0 ? *b : *a;
    auto own = turn(writer, i + 1, {add("k" + std::to_string(i % 5))}).facts.own;
    turn(other, i + 1, {received(own)});
    all.insert(all.end(), own.begin(), own.end());
  }
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    auto random = base::Random::from_number(seed);
    ReplicaOptions options;
    options.parked.changes_max = 2;
    auto z = open_replica(folder.file("z" + std::to_string(seed)), seed, options);

    std::size_t turns = 0;
    while (z->vector() != a->vector() && turns < 2'000) {
      const std::size_t pick = random.below(all.size());
      turn(*z, 100 + static_cast<std::int64_t>(++turns), {received({all[pick]})});
    }

    EXPECT_EQ(z->state(), a->state()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace agent
