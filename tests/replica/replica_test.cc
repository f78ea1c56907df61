#include "tests/replica/replica_fixture.h"

namespace agent {
namespace {

TEST(Replica, AnswersAWriteAfterItsCommitWithItsDot) {
  Folder folder;
  auto a = open_replica(folder.file(), 1);

  Outputs out = turn(*a, 1, {add("x")});

  ASSERT_EQ(out.replies.size(), 1u);
  ASSERT_TRUE(out.replies[0].result.ok());
  EXPECT_EQ(out.replies[0].result->dot->actor, a->own_actor());
  EXPECT_EQ(out.replies[0].result->dot->seq, 1u);
  EXPECT_TRUE(out.facts.durable);
  ASSERT_EQ(out.facts.own.size(), 1u);
  EXPECT_EQ(out.facts.advanced.at(a->own_actor()).seq, 1u);
  EXPECT_EQ(shown(*a, "x"), R"({"size":1})");
}

TEST(Replica, TakesRemoteChangesAndClaimsThemOnlyAfterTheFlush) {
  Folder folder;
  auto a = open_replica(folder.file("a.db"), 1);
  auto z = open_replica(folder.file("z.db"), 2);
  Outputs from_a = turn(*a, 1, {add("x"), add("y")});

  Outputs merged = turn(*z, 2, {received(from_a.facts.own)});
  Outputs flushed = z->flush(at(3));

  EXPECT_FALSE(merged.facts.durable);
  EXPECT_TRUE(flushed.facts.durable);
  EXPECT_EQ(z->vector(), a->vector());
  EXPECT_EQ(z->state(), a->state());
  EXPECT_EQ(shown(*z, "y"), R"({"size":1})");
}

TEST(Replica, AWriteThatChangesNothingMakesNoChange) {
  Folder folder;
  auto a = open_replica(folder.file(), 1);

  Outputs out = turn(*a, 1, {Write{7, remove_entry("snapshots", "never")}});

  ASSERT_TRUE(out.replies[0].result.ok());
  EXPECT_FALSE(out.replies[0].result->dot.has_value());
  EXPECT_TRUE(out.facts.own.empty());
  EXPECT_TRUE(a->vector().empty());
}

TEST(Replica, OneBadWriteDoesNotSpoilItsTurn) {
  Folder folder;
  auto a = open_replica(folder.file(), 1);
  crdt::Members many;
  for (int i = 0; i < 70'000; ++i) many.emplace_back("f" + std::to_string(i), "1");

  Outputs out = turn(*a, 1, {add("x"), Write{2, patch_entry("snapshots", "x", many)}, add("y")});

  ASSERT_EQ(out.replies.size(), 3u);
  EXPECT_TRUE(out.replies[0].result.ok());
  EXPECT_EQ(out.replies[1].result.error().code, base::Code::kTooLarge);
  EXPECT_TRUE(out.replies[2].result.ok());
  EXPECT_EQ(shown(*a, "y"), R"({"size":1})");
}

TEST(Replica, DependenciesNameWhatCameSinceTheLastOwnChange) {
  Folder folder;
  auto a = open_replica(folder.file("a.db"), 1);
  auto z = open_replica(folder.file("z.db"), 2);
  auto from_z = turn(*z, 1, {add("z1")}).facts.own;
  turn(*a, 2, {received(from_z)});

  auto first = turn(*a, 3, {add("a1")}).facts.own;
  auto burst = turn(*a, 4, {add("a2")}).facts.own;

  auto first_opened = crdt::open_change(first[0].bytes);
  auto burst_opened = crdt::open_change(burst[0].bytes);
  ASSERT_EQ(first_opened->change.deps.size(), 1u);
  EXPECT_EQ(first_opened->change.deps[0].actor, z->own_actor());
  EXPECT_EQ(first_opened->change.deps[0].head.seq, 1u);
  EXPECT_TRUE(burst_opened->change.deps.empty());
  EXPECT_EQ(first_opened->change.node, a->node_id());
  EXPECT_FALSE(burst_opened->change.node.has_value());
}

// If a change names a head, it does not name the changes which that head depends on. So it names
// only one head, even if many agents write in turns.
TEST(Replica, DependenciesNameNothingTwice) {
  Folder folder;
  std::vector<std::unique_ptr<Replica>> replicas;
  std::vector<crdt::SealedChange> all;
  for (std::uint64_t i = 0; i < 5; ++i) {
    replicas.push_back(open_replica(folder.file(std::to_string(i) + ".db"), i + 1));
    if (i > 0) turn(*replicas[i], 1, {received(all)});
    auto own = turn(*replicas[i], 2, {add("of" + std::to_string(i))}).facts.own;

    auto opened = crdt::open_change(own[0].bytes);
    ASSERT_EQ(opened->change.deps.size(), i == 0 ? 0u : 1u);
    for (const crdt::Dependency& dep : opened->change.deps) {
      EXPECT_EQ(dep.actor, replicas[i - 1]->own_actor());
    }
    all.push_back(own[0]);
  }
}

TEST(Replica, ImportsInChangesAndSkipsWhatIsShownAlready) {
  Folder folder;
  auto a = open_replica(folder.file(), 1);
  ImportEntries import{"images",
                       {{"a", members_of(R"({"n":1})")},
                        {"b", members_of(R"({"n":2,"m":1})")},
                        {"a", members_of(R"({"n":3})")}}};
  turn(*a, 1, {Write{1, import}});

  ImportEntries again{
      "images",
      {{"a", members_of(R"({"n":3})")}, {"b", members_of(R"({"m":1,"n":2})")}, {"c", {}}}};
  Outputs out = turn(*a, 2, {Write{2, again}});

  ASSERT_TRUE(out.replies[0].result.ok());
  EXPECT_EQ(out.replies[0].result->added, 1u);
  EXPECT_EQ(out.replies[0].result->unchanged, 2u);
  EXPECT_EQ(a->vector().seq_of(a->own_actor()), 2u);
}

TEST(Replica, SplitsALargeImportIntoSeveralChanges) {
  Folder folder;
  ReplicaOptions options;
  options.import_effects_max = 10;
  auto a = open_replica(folder.file(), 1, options);
  ImportEntries import{"images", {}};
  for (int i = 0; i < 20; ++i)
    import.entries.push_back({"i" + std::to_string(i), members_of(R"({"n":1})")});

  Outputs out = turn(*a, 1, {Write{1, import}});

  EXPECT_EQ(out.replies[0].result->added, 20u);
  EXPECT_GT(out.facts.own.size(), 3u);
  EXPECT_EQ(a->store().cells().object("images", crdt::SlotType::kMap)->cells, 60);
}

TEST(Replica, RemovingAnObjectRemovesEveryEntrySeen) {
  Folder folder;
  ReplicaOptions options;
  options.import_effects_max = 8;
  auto a = open_replica(folder.file(), 1, options);
  for (int i = 0; i < 10; ++i) turn(*a, i, {add("e" + std::to_string(i))});

  Outputs out = turn(*a, 20, {Write{1, remove_object("snapshots")}});

  EXPECT_TRUE(out.replies[0].result.ok());
  EXPECT_EQ(a->store().cells().object("snapshots", crdt::SlotType::kMap), nullptr);
  EXPECT_TRUE(a->store().meta().digest.is_zero());
}

TEST(Replica, RefusesAnImportAsAWholeWhereOneOfItsLinesIsTooLong) {
  Folder folder;
  ReplicaOptions options;
  options.import_effects_max = 2;
  auto a = open_replica(folder.file(), 1, options);
  crdt::Members fields;
  for (std::size_t i = 0; i < crdt::kChangeEffectsMax; ++i) {
    fields.emplace_back(std::to_string(i), "1");
  }
  ImportEntries import{"images", {{"a", {}}, {"b", {}}, {"c", fields}}};

  Outputs out = turn(*a, 1, {Write{1, import}});

  EXPECT_EQ(out.replies[0].result.error().code, base::Code::kTooLarge);
  EXPECT_TRUE(out.facts.own.empty());
  EXPECT_EQ(a->store().cells().object("images", crdt::SlotType::kMap), nullptr);
  EXPECT_EQ(a->fault(), std::nullopt);
}

// Small entries almost fill one change, and then an entry with many fields does not fit into it.
TEST(Replica, RemovesAnObjectWhoseEntriesAreOfUnequalSize) {
  Folder folder;
  auto a = open_replica(folder.file(), 1);
  ImportEntries import{"images", {}};
  for (int i = 0; i < 10'900; ++i)
    import.entries.push_back({std::to_string(i), members_of(R"({"n":1})")});
  crdt::Members fields;
  for (int i = 0; i < 40'000; ++i) fields.emplace_back(std::to_string(i), "1");
  import.entries.push_back({"z", fields});
  Outputs imported = turn(*a, 1, {Write{1, import}});

  Outputs out = turn(*a, 2, {Write{1, remove_object("images")}});

  EXPECT_TRUE(imported.replies[0].result.ok());
  EXPECT_TRUE(out.replies[0].result.ok());
  EXPECT_EQ(a->store().cells().object("images", crdt::SlotType::kMap), nullptr);
}

// The names of the entries alone make these changes long.
TEST(Replica, RemovesAnObjectOfLongNames) {
  Folder folder;
  auto a = open_replica(folder.file(), 1);
  for (int round = 0; round < 4; ++round) {
    ImportEntries import{"images", {}};
    for (int i = 0; i < 8'000; ++i) {
      const std::string id = std::to_string(round) + std::to_string(i);
      import.entries.push_back({id + std::string(512 - id.size(), 'i'), {}});
    }
    ASSERT_TRUE(turn(*a, round, {Write{1, import}}).replies[0].result.ok());
  }

  Outputs out = turn(*a, 5, {Write{1, remove_object("images")}});

  EXPECT_TRUE(out.replies[0].result.ok());
  EXPECT_EQ(a->store().cells().object("images", crdt::SlotType::kMap), nullptr);
}

TEST(Replica, EventsTellTheValueThenShown) {
  Folder folder;
  auto a = open_replica(folder.file(), 1);

  Outputs out = turn(*a, 1,
                     {add("x", R"({"n":1})"), Write{2, patch_entry("snapshots", "x", {{"n", "2"}})},
                      Write{3, patch_entry("snapshots", "hidden", {{"n", "2"}})},
                      Write{4, remove_entry("snapshots", "x")}},
                     true);

  ASSERT_EQ(out.events.size(), 3u);
  EXPECT_EQ(out.events[0].value, R"({"n":1})");
  EXPECT_EQ(out.events[1].value, R"({"n":2})");
  EXPECT_EQ(out.events[2].op, "remove");
  EXPECT_EQ(out.events[2].value, "null");
  EXPECT_EQ(out.events[0].node, a->node_id().hex());
  EXPECT_LT(out.events[0].position, out.events[1].position);
}

TEST(Replica, StampsGrowAlthoughTheWallClockGoesBack) {
  Folder folder;
  auto a = open_replica(folder.file(), 1);
  turn(*a, 5'000, {add("x", R"({"n":1})")});

  turn(*a, -100'000, {Write{2, patch_entry("snapshots", "x", {{"n", "2"}})}});

  EXPECT_EQ(shown(*a, "x"), R"({"n":2})");
}

TEST(Replica, PrunesTheLogAndRaisesTheFloors) {
  Folder folder;
  ReplicaOptions options;
  options.store.log_bytes_max = 2'000;
  auto a = open_replica(folder.file(), 1, options);
  for (int i = 0; i < 100; ++i) {
    turn(*a, i,
         {add("x" + std::to_string(i)),
          ConfirmOwn{a->own_actor(), a->vector().seq_of(a->own_actor())}});
  }

  EXPECT_LE(a->store().log().bytes(), 2'400u);
  EXPECT_GT(a->store().actors().find(a->own_actor())->floor, 50u);
}

// Rule 7: the log drops changes last that perhaps no other agent has.
TEST(Replica, PrunesWhatNobodyHasConfirmedLast) {
  Folder folder;
  ReplicaOptions options;
  options.store.log_bytes_max = 2'000;
  auto a = open_replica(folder.file(), 1, options);
  auto z = open_replica(folder.file("z.db"), 2);
  for (int i = 0; i < 5; ++i) turn(*a, i, {add("own" + std::to_string(i))});

  auto hear = [&](int from, int count) {
    for (int i = from; i < from + count; ++i) {
      auto theirs = turn(*z, i, {add("x" + std::to_string(i))}).facts.own;
      turn(*a, i, {received(theirs)});
    }
  };
  hear(10, 100);

  EXPECT_EQ(a->store().actors().find(a->own_actor())->floor, 0u);
  EXPECT_GT(a->store().actors().find(z->own_actor())->floor, 50u);
  turn(*a, 200, {ConfirmOwn{a->own_actor(), 5}});
  hear(210, 30);
  EXPECT_EQ(a->store().actors().find(a->own_actor())->floor, 5u);
}

// The rule holds for the changes of every run, not only of the present one, and over several
// restarts.
TEST(Replica, WhatAFormerRunWroteIsPrunedLastToo) {
  Folder folder;
  ReplicaOptions options;
  options.store.log_bytes_max = 2'000;
  auto a = open_replica(folder.file(), 1, options);
  auto z = open_replica(folder.file("z.db"), 2);
  for (int i = 0; i < 5; ++i) turn(*a, i, {add("own" + std::to_string(i))});
  const base::ActorId first = a->own_actor();
  auto hear = [&](int from, int count) {
    for (int i = from; i < from + count; ++i) {
      turn(*a, i, {received(turn(*z, i, {add("x" + std::to_string(i))}).facts.own)});
    }
  };
  for (std::uint64_t start = 3; start < 6; ++start) {
    a.reset();
    a = open_replica(folder.file(), start, options);
    EXPECT_EQ(a->alone().front(), first);
    hear(100 * static_cast<int>(start), 40);
    EXPECT_EQ(a->store().actors().find(first)->floor, 0u);
  }

  Outputs out = turn(*a, 700, {ConfirmOwn{first, 5}});
  hear(710, 30);

  EXPECT_EQ(out.facts.confirmed.size(), 1u);
  EXPECT_EQ(a->store().actors().find(first)->floor, 5u);
  a.reset();
  a = open_replica(folder.file(), 9, options);
  EXPECT_TRUE(a->alone().empty());
}

// The disk was moved or copied to another host, so the node id is new. The changes that were
// written under the old node id may still exist only here.
TEST(Replica, WhatWasWrittenUnderAnotherNodeIdIsPrunedLastToo) {
  Folder folder;
  ReplicaOptions options;
  options.store.log_bytes_max = 2'000;
  auto a = open_replica(folder.file(), 1, options);
  auto z = open_replica(folder.file("z.db"), 2);
  for (int i = 0; i < 5; ++i) turn(*a, i, {add("own" + std::to_string(i))});
  const base::ActorId first = a->own_actor();
  a.reset();
  a = open_replica(folder.file(), 3, options, "another host");

  for (int i = 10; i < 60; ++i) {
    turn(*a, i, {received(turn(*z, i, {add("x" + std::to_string(i))}).facts.own)});
  }

  EXPECT_EQ(a->store().actors().find(first)->floor, 0u);
}

}  // namespace
}  // namespace agent
