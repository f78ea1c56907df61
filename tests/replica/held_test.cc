// Rule 12: changes that a later version of the program has sealed.

#include "agent/replica/gate.h"
#include "crdt/change_format.h"
#include "tests/replica/replica_fixture.h"

namespace agent {
namespace {

// The same change with an unknown envelope version. The version is the second byte.
crdt::SealedChange of_a_later_version(const crdt::SealedChange& change) {
  crdt::SealedChange later = change;
  EXPECT_EQ(later.bytes[1], static_cast<char>(crdt::format::kEnvelopeVersion));
  later.bytes[1] = 0x7f;
  later.hash = crdt::head_hash(later.bytes);
  return later;
}

struct Upgrade : testing::Test {
  Folder folder;
  std::unique_ptr<Replica> a = open_replica(folder.file("a.db"), 1);
  std::unique_ptr<Replica> z = open_replica(folder.file("z.db"), 2);

  void reopen_z() {
    z.reset();
    z = open_replica(folder.file("z.db"), 5);
  }
};

TEST_F(Upgrade, AnUnknownEnvelopeStopsTheVectorAndWaitsOnTheMedium) {
  auto own = turn(*a, 1, {add("x"), add("y")}).facts.own;

  Outputs out = turn(*z, 2, {received({of_a_later_version(own[0])})});
  Outputs next = turn(*z, 3, {received({own[1]})});

  ASSERT_EQ(out.facts.stopped.size(), 1u);
  EXPECT_EQ(out.facts.stopped[0], a->own_actor());
  EXPECT_TRUE(says(out, Notice::Kind::kUnknownEnvelope));
  EXPECT_TRUE(z->vector().empty());
  EXPECT_TRUE(next.facts.advanced.empty());
  EXPECT_EQ(*z->store().held().count(store::HeldKind::kUnknown), 1);
  turn(*z, 4, {received({of_a_later_version(own[0])})});
  EXPECT_EQ(*z->store().held().count(store::HeldKind::kUnknown), 1)
      << "one change was held more than once";
}

TEST_F(Upgrade, AStartThatStillDoesNotKnowItNamesTheActorAgain) {
  auto own = turn(*a, 1, {add("x")}).facts.own;
  turn(*z, 2, {received({of_a_later_version(own[0])})});

  reopen_z();
  Outputs out = turn(*z, 3, {});

  ASSERT_EQ(out.facts.stopped.size(), 1u);
  EXPECT_EQ(*z->store().held().count(store::HeldKind::kUnknown), 1);
}

// An older version of the program has held these changes as they came. This version can read them.
TEST_F(Upgrade, WhatIsUnderstoodNowIsAppliedAtTheStart) {
  auto own = turn(*a, 1, {add("x"), add("y")}).facts.own;
  ASSERT_TRUE(z->store().begin().ok());
  for (const auto& change : own) ASSERT_TRUE(z->store().held().keep_unknown(change).ok());
  ASSERT_TRUE(z->store().commit(store::Durability::kFull).ok());

  reopen_z();

  EXPECT_EQ(z->state(), a->state());
  EXPECT_EQ(*z->store().held().count(store::HeldKind::kUnknown), 0);
  EXPECT_TRUE(turn(*z, 3, {}).facts.stopped.empty());
}

TEST_F(Upgrade, TheHeldChangesAreBounded) {
  auto own = turn(*a, 1, {add("x")}).facts.own;
  ASSERT_TRUE(z->store().begin().ok());
  for (std::int64_t i = 0; i < store::kHeldUnknownMax; ++i) {
    ASSERT_TRUE(z->store()
                    .held()
                    .keep(store::HeldKind::kUnknown, own[0].actor, 100 + static_cast<unsigned>(i),
                          "not a change")
                    .ok());
  }
  ASSERT_TRUE(z->store().commit(store::Durability::kFull).ok());

  Outputs out = turn(*z, 2, {received({of_a_later_version(own[0])})});

  EXPECT_EQ(out.facts.stopped.size(), 1u);
  EXPECT_EQ(out.facts.forgotten.size(), 1u);
  EXPECT_EQ(*z->store().held().count(store::HeldKind::kUnknown), store::kHeldUnknownMax);
}

// A change has an unknown object kind and an unknown slot type, but a known envelope. It is
// applied, its cells are killed like any others, and they count in the digest. So a version that
// knows them and one that does not have equal states.
TEST_F(Upgrade, UnknownKindsAndTypesLiveAndDieThroughTheEnvelope) {
  auto first = turn(*a, 1, {add("x")}).facts.own;
  auto put = changed(first[0], [](crdt::Change& change) {
    change.effects.resize(1);
    change.effects[0].slot.type = static_cast<crdt::SlotType>(99);
    change.effects[0].kind = static_cast<crdt::EffectKind>(77);
    change.effects[0].body = "raw";
  });
  auto kill = changed(put, [&](crdt::Change& change) {
    change.seq = 2;
    change.prev = put.hash;
    change.node.reset();
    change.effects[0].kills = {{put.actor, 1, 0}};
    change.effects[0].kind = crdt::EffectKind::kRemove;
    change.effects[0].body.reset();
  });
  auto slot = crdt::open_change(put.bytes)->change.effects[0].slot;

  turn(*z, 2, {received({put})});
  auto alive = z->store().cells().load_slot(slot);
  auto m = open_replica(folder.file("m.db"), 3);
  turn(*m, 2, {received({put, kill})});
  turn(*z, 3, {received({kill})});
  auto dead = z->store().cells().load_slot(slot);

  ASSERT_EQ(alive->cells.size(), 1u);
  EXPECT_EQ(alive->cells[0].body, "raw");
  EXPECT_TRUE(dead->cells.empty());
  EXPECT_EQ(z->state(), m->state());
  EXPECT_TRUE(z->store().verify_digest().ok());
}

}  // namespace
}  // namespace agent
