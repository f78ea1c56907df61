#include "crdt/catalog/entry.h"

#include <gtest/gtest.h>

#include "samples.h"

namespace crdt {
namespace {

using samples::kA;
using samples::kZ;
using samples::put;
using samples::stamp;

Entry blank() { return {"snapshots", "snap1", {}, {}, {}}; }

// Applies the effects of change (actor, seq) to the entry, as a replica would.
void apply(Entry& entry, const std::vector<Effect>& effects, ActorId actor, std::uint64_t seq) {
  Digest digest;
  std::uint32_t index = 0;
  for (const Effect& effect : effects) {
    const Dot dot{actor, seq, index++};
    if (effect.slot.type == SlotType::kSubtree) {
      kill_cells(presence_slot(entry.object, entry.id), effect.kills, entry.presence, digest);
      kill_cells(reset_slot(entry.object, entry.id), effect.kills, entry.reset, digest);
      for (auto& [field, cells] : entry.fields) {
        kill_cells(field_slot(entry.object, entry.id, field), effect.kills, cells, digest);
      }
      continue;
    }
    Cells* cells = &entry.presence;
    if (effect.slot.type == SlotType::kReset) cells = &entry.reset;
    if (effect.slot.type == SlotType::kLwwRegister) cells = &entry.fields[effect.slot.path.at(1)];
    apply_effect(effect, dot, *cells, digest);
  }
}

TEST(Entry, AnAddWritesPresenceResetAndFieldsByCodePointUnderOneStamp) {
  auto effects = plan_add(blank(), {{"z", "1"}, {"a", "\"x\""}, {"\xC3\xA9", "null"}}, {50, 2});

  ASSERT_EQ(effects.size(), 5u);
  EXPECT_EQ(effects[0].slot, presence_slot("snapshots", "snap1"));
  EXPECT_EQ(effects[1].slot, reset_slot("snapshots", "snap1"));
  EXPECT_EQ(effects[2].slot, field_slot("snapshots", "snap1", "a"));
  EXPECT_EQ(effects[3].slot, field_slot("snapshots", "snap1", "z"));
  EXPECT_EQ(effects[4].slot, field_slot("snapshots", "snap1", "\xC3\xA9"));
  EXPECT_EQ(effects[2].body, "\"x\"");
  for (const Effect& effect : effects) {
    EXPECT_EQ(effect.stamp, stamp(50, 2));
    EXPECT_EQ(effect.kind, EffectKind::kPut);
    EXPECT_TRUE(effect.kills.empty());
  }
}

TEST(Entry, AnAddedEntryIsShown) {
  Entry entry = blank();
  EXPECT_FALSE(exists(entry));

  apply(entry, plan_add(entry, {{"z", "1.0"}, {"a", "\"x\""}}, {50, 0}), kA, 1);

  EXPECT_TRUE(exists(entry));
  EXPECT_EQ(shown_text(entry), "{\"a\":\"x\",\"z\":1.0}");
  EXPECT_TRUE(conflicts(entry).empty());
}

TEST(Entry, AddingAgainReplacesTheWholeObjectAndEveryDot) {
  Entry entry = blank();
  apply(entry, plan_add(entry, {{"gone", "1"}, {"kept", "1"}}, {50, 0}), kA, 1);

  auto effects = plan_add(entry, {{"kept", "2"}, {"new", "3"}}, {60, 0});
  apply(entry, effects, kZ, 1);

  ASSERT_EQ(effects.size(), 5u);
  EXPECT_EQ(effects[0].kills, (DotRuns{{kA, 1, 0}}));
  EXPECT_EQ(effects[1].kills, (DotRuns{{kA, 1, 1}}));
  EXPECT_EQ(effects[4].kind, EffectKind::kRemove);
  EXPECT_EQ(effects[4].slot, entry_slot("snapshots", "snap1"));
  EXPECT_EQ(effects[4].kills, (DotRuns{{kA, 1, 2}}));
  EXPECT_EQ(shown_text(entry), "{\"kept\":2,\"new\":3}");
  EXPECT_EQ(entry.presence.size(), 1u);
  EXPECT_EQ(entry.reset.size(), 1u);
  EXPECT_TRUE(entry.fields["gone"].empty());
}

TEST(Entry, AnEmptyAddStillWritesPresenceAndReset) {
  Entry entry = blank();

  apply(entry, plan_add(entry, {}, {1, 0}), kA, 1);

  EXPECT_TRUE(exists(entry));
  EXPECT_EQ(shown_text(entry), "{}");
}

TEST(Entry, PutOnAnAbsentEntryIsKeptAndShownAfterAnOlderConcurrentAdd) {
  Entry entry = blank();
  Entry elsewhere = blank();
  auto put_effects = plan_put(entry, {{"k", "\"put\""}}, {90, 0});
  auto add_effects = plan_add(elsewhere, {{"k", "\"add\""}, {"l", "1"}}, {50, 0});

  apply(entry, put_effects, kA, 1);
  EXPECT_FALSE(exists(entry));
  EXPECT_TRUE(conflicts(entry).empty());
  apply(entry, add_effects, kZ, 1);

  EXPECT_EQ(shown_text(entry), "{\"k\":\"put\"}");
  ASSERT_EQ(conflicts(entry).size(), 2u);
}

TEST(Entry, AnAbsentEntryHasNoConflicts) {
  Entry entry = blank();
  auto one = plan_put(entry, {{"k", "1"}, {"l", "1"}}, {10, 0});
  auto two = plan_put(entry, {{"k", "2"}}, {20, 0});

  apply(entry, one, kA, 1);
  apply(entry, two, kZ, 1);

  EXPECT_EQ(entry.fields["k"].size(), 2u);
  EXPECT_TRUE(conflicts(entry).empty());
  apply(entry, plan_unset(entry, {"k"}), kZ, 2);
  entry.presence = {put({kZ, 3, 0}, stamp(1))};
  EXPECT_EQ(conflicts(entry).size(), 1u);
}

TEST(Entry, OfTwoConcurrentPutsWithEqualStampsTheHigherDotStandsWhole) {
  Entry a = blank();
  apply(a, plan_add(a, {{"old", "0"}}, {1, 0}), kA, 1);
  Entry z = a;
  auto from_a = plan_put(a, {{"only_a", "1"}, {"both", "1"}}, {50, 7});
  auto from_z = plan_put(z, {{"only_z", "2"}, {"both", "2"}}, {50, 7});

  apply(a, from_a, kA, 2);
  apply(a, from_z, kZ, 1);
  apply(z, from_z, kZ, 1);
  apply(z, from_a, kA, 2);

  EXPECT_EQ(shown_text(a), "{\"both\":2,\"only_z\":2}");
  EXPECT_EQ(shown_text(z), shown_text(a));
  auto lost = conflicts(a);
  ASSERT_EQ(lost.size(), 2u);
  EXPECT_EQ(lost[0].field, "both");
  EXPECT_EQ(lost[0].rule, "dot");
  EXPECT_EQ(lost[1].field, "only_a");
  EXPECT_EQ(lost[1].rule, "reset");
  EXPECT_EQ(lost[1].winner.dot.actor, kZ);
  ASSERT_EQ(lost[1].losers.size(), 1u);
  EXPECT_EQ(lost[1].losers[0].dot.actor, kA);
}

TEST(Entry, OfTwoChangesOfOneActorWithEqualStampsTheLaterObjectStandsWhole) {
  Entry entry = blank();
  auto first = plan_add(entry, {{"first", "1"}}, {50, 7});
  auto second = plan_add(entry, {{"second", "2"}}, {50, 7});  // did not see the first

  apply(entry, first, kA, 9);
  apply(entry, second, kA, 10);

  EXPECT_EQ(shown_text(entry), "{\"second\":2}");
}

TEST(Entry, AFieldWrittenAsideWithTheStampOfAPutIsShownOrListedByItsDot) {
  Entry base = blank();
  apply(base, plan_add(base, {}, {1, 0}), kA, 1);
  auto whole = plan_put(base, {{"w", "1"}}, {50, 7});
  auto field = plan_merge(base, {{"f", "2"}}, {50, 7});

  Entry patched_by_higher = base;
  apply(patched_by_higher, whole, kA, 2);
  apply(patched_by_higher, field, kZ, 1);
  Entry patched_by_lower = base;
  apply(patched_by_lower, whole, kZ, 1);
  apply(patched_by_lower, field, kA, 2);

  EXPECT_EQ(shown_text(patched_by_higher), "{\"f\":2,\"w\":1}");
  EXPECT_EQ(shown_text(patched_by_lower), "{\"w\":1}");
  ASSERT_EQ(conflicts(patched_by_lower).size(), 1u);
  EXPECT_EQ(conflicts(patched_by_lower)[0].rule, "reset");
}

TEST(Entry, AFieldPatchedByWhoSawThePutIsShownAlthoughItsClockStands) {
  Entry entry = blank();
  apply(entry, plan_add(entry, {{"w", "1"}}, {50, 7}), kZ, 1);

  apply(entry, plan_merge(entry, {{"f", "2"}}, {50, 7}), kA, 1);

  EXPECT_EQ(shown_text(entry), "{\"f\":2,\"w\":1}");
}

TEST(Entry, OfTwoConcurrentPutsTheLaterStandsWhole) {
  Entry a = blank();
  apply(a, plan_add(a, {{"old", "0"}}, {1, 0}), kA, 1);
  Entry z = a;
  auto from_a = plan_put(a, {{"only_a", "1"}, {"both", "1"}}, {50, 0});
  auto from_z = plan_put(z, {{"only_z", "2"}, {"both", "2"}}, {60, 0});

  apply(a, from_a, kA, 2);
  apply(a, from_z, kZ, 1);
  apply(z, from_z, kZ, 1);
  apply(z, from_a, kA, 2);

  EXPECT_EQ(shown_text(a), "{\"both\":2,\"only_z\":2}");
  EXPECT_EQ(shown_text(z), shown_text(a));
  auto found = conflicts(a);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].field, "both");
  EXPECT_EQ(found[0].rule, "stamp");
  EXPECT_EQ(found[0].winner.body, "2");
  ASSERT_EQ(found[0].losers.size(), 1u);
  EXPECT_EQ(found[0].losers[0].body, "1");
  EXPECT_EQ(found[1].field, "only_a");
  EXPECT_EQ(found[1].rule, "reset");
  EXPECT_EQ(found[1].winner.stamp, stamp(60));
  EXPECT_EQ(found[1].losers.size(), 1u);
}

TEST(Entry, APatchConcurrentWithAnOlderPutSurvivesAndWithANewerOneIsHidden) {
  Entry base_entry = blank();
  apply(base_entry, plan_add(base_entry, {{"a", "0"}}, {1, 0}), kA, 1);
  auto patch = plan_merge(base_entry, {{"p", "1"}}, {50, 0});
  auto older = plan_put(base_entry, {{"a", "1"}}, {40, 0});
  auto newer = plan_put(base_entry, {{"a", "2"}}, {60, 0});

  Entry with_older = base_entry;
  apply(with_older, patch, kA, 2);
  apply(with_older, older, kZ, 1);
  Entry with_newer = base_entry;
  apply(with_newer, patch, kA, 2);
  apply(with_newer, newer, kZ, 1);

  EXPECT_EQ(shown_text(with_older), "{\"a\":1,\"p\":1}");
  EXPECT_EQ(shown_text(with_newer), "{\"a\":2}");
  ASSERT_EQ(conflicts(with_newer).size(), 1u);
  EXPECT_EQ(conflicts(with_newer)[0].rule, "reset");
}

// The author of this patch has seen the put, but its clock is behind. The patch must be shown all
// the same, so its stamp must be above that of the reset.
TEST(Entry, APatchAfterAPutIsShownWhateverTheClockSays) {
  Entry entry = blank();
  apply(entry, plan_add(entry, {{"a", "0"}}, {1'000, 5}), kA, 1);

  auto patch = plan_merge(entry, {{"a", "1"}, {"b", "2"}}, {10, 0});
  apply(entry, patch, kZ, 1);

  EXPECT_EQ(patch[0].stamp, stamp(1'000, 6));
  EXPECT_EQ(patch[1].stamp, stamp(1'000, 6));
  EXPECT_EQ(shown_text(entry), "{\"a\":1,\"b\":2}");
}

TEST(Entry, TheStampIsAboveEverySlotItWritesAndTheReset) {
  Entry entry = blank();
  entry.presence = {put({kA, 1, 0}, stamp(99))};
  entry.reset = {put({kA, 1, 1}, stamp(20))};
  entry.fields["a"] = {put({kA, 1, 2}, stamp(30, 1, "writer"), "1")};
  entry.fields["b"] = {put({kA, 1, 3}, stamp(40), "1")};
  const Fields only_a{{"a", "1"}};
  const Fields unknown{{"new", "1"}};

  EXPECT_EQ(stamp_for(entry, {5, 0}, &only_a), stamp(30, 2));
  EXPECT_EQ(stamp_for(entry, {5, 0}, &unknown), stamp(20, 1));
  EXPECT_EQ(stamp_for(entry, {30, 1}, &only_a), stamp(30, 2));
  EXPECT_EQ(stamp_for(entry, {30, 2}, &only_a), stamp(30, 2));
  EXPECT_EQ(stamp_for(entry, {5, 0}, nullptr), stamp(99, 1));
  EXPECT_EQ(stamp_for(entry, {500, 3}, nullptr), stamp(500, 3));
}

TEST(Entry, ConcurrentPatchesOfDifferentFieldsMerge) {
  Entry a = blank();
  apply(a, plan_add(a, {{"x", "0"}, {"y", "0"}}, {1, 0}), kA, 1);
  Entry z = a;
  auto from_a = plan_merge(a, {{"x", "1"}}, {50, 0});
  auto from_z = plan_merge(z, {{"y", "2"}}, {40, 0});

  apply(a, from_a, kA, 2);
  apply(a, from_z, kZ, 1);

  EXPECT_EQ(shown_text(a), "{\"x\":1,\"y\":2}");
  EXPECT_TRUE(conflicts(a).empty());
}

TEST(Entry, LosersAreListedBestFirstUntilOverwritten) {
  Entry entry = blank();
  apply(entry, plan_add(entry, {}, {1, 0}), kA, 1);
  Entry fork = entry;
  apply(entry, plan_merge(fork, {{"f", "1"}}, {10, 0}), samples::actor(1), 1);
  apply(entry, plan_merge(fork, {{"f", "3"}}, {30, 0}), samples::actor(3), 1);
  apply(entry, plan_merge(fork, {{"f", "2"}}, {30, 0}), samples::actor(2), 1);

  auto found = conflicts(entry);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].winner.body, "3");
  EXPECT_EQ(found[0].rule, "dot");
  ASSERT_EQ(found[0].losers.size(), 2u);
  EXPECT_EQ(found[0].losers[0].body, "2");
  EXPECT_EQ(found[0].losers[1].body, "1");

  apply(entry, plan_merge(entry, {{"f", "4"}}, {5, 0}), kZ, 1);
  EXPECT_TRUE(conflicts(entry).empty());
  EXPECT_EQ(shown_text(entry), "{\"f\":4}");
}

TEST(Entry, UnsetKillsWhatItSeesAndAConcurrentPatchSurvives) {
  Entry entry = blank();
  apply(entry, plan_add(entry, {{"a", "1"}, {"b", "1"}}, {1, 0}), kA, 1);
  auto unset = plan_unset(entry, {"a", "unknown", "a"});
  auto patch = plan_merge(entry, {{"a", "2"}}, {2, 0});

  ASSERT_EQ(unset.size(), 1u);
  EXPECT_EQ(unset[0].kind, EffectKind::kRemove);
  Entry alone = entry;
  apply(alone, unset, kA, 2);
  EXPECT_EQ(shown_text(alone), "{\"b\":1}");
  apply(entry, patch, kZ, 1);
  apply(entry, unset, kA, 2);
  EXPECT_EQ(shown_text(entry), "{\"a\":2,\"b\":1}");
}

TEST(Entry, RemovingKillsAllThatItSees) {
  Entry entry = blank();
  apply(entry, plan_add(entry, {{"a", "1"}, {"b", "1"}}, {1, 0}), kA, 1);

  auto effects = plan_remove(entry);
  apply(entry, effects, kZ, 1);

  ASSERT_EQ(effects.size(), 1u);
  EXPECT_EQ(effects[0].slot, entry_slot("snapshots", "snap1"));
  EXPECT_EQ(effects[0].kills, (DotRuns{{kA, 1, 0, 4}}));
  EXPECT_FALSE(exists(entry));
  EXPECT_TRUE(plan_remove(entry).empty());
  EXPECT_TRUE(entry.reset.empty());
}

TEST(Entry, RemovingReachesHiddenCellsOfAnAbsentEntry) {
  Entry entry = blank();
  apply(entry, plan_merge(entry, {{"a", "1"}}, {1, 0}), kA, 1);

  EXPECT_FALSE(exists(entry));
  EXPECT_EQ(plan_remove(entry).size(), 1u);
}

// The add of n1 stands beside that of n2, and n1 has replaced the metadata in a later change.
Entry added_twice() {
  const std::string tags[] = {"t1", "t2"};
  Entry entry = blank();
  apply(entry, plan_presence(entry, stamp(5, 0, "n2"), {&tags[1], 1}), kZ, 1);
  auto add = plan_presence(entry, stamp(10, 0, "n1"), {&tags[0], 1});
  for (Effect& effect : plan_put_at(entry, {{"a", "1"}}, stamp(10, 0, "n1"))) {
    add.push_back(std::move(effect));
  }
  apply(entry, add, kA, 1);
  apply(entry, plan_merge_at(entry, {{"b", "2"}}, stamp(20, 0, "n1")), kA, 2);
  EXPECT_EQ(shown_text(entry), R"({"a":1,"b":2})");
  return entry;
}

TEST(Entry, ARemovalByTagsTakesTheMetadataThatItsAuthorSaw) {
  struct Case {
    std::optional<Stamp> removal;
    const char* left;
  };
  const Case cases[] = {{stamp(30, 0, "n1"), "{}"},
                        {stamp(15, 0, "n1"), R"({"b":2})"},
                        {stamp(30, 0, "n3"), R"({"b":2})"},
                        {std::nullopt, R"({"b":2})"}};
  for (const Case& one : cases) {
    Entry entry = added_twice();
    const std::string tag = "t1";
    apply(entry, plan_remove(entry, one.removal, {&tag, 1}), kZ, 2);
    EXPECT_TRUE(exists(entry));
    EXPECT_EQ(shown_text(entry), one.left);
  }
}

// A whole-object write without a new presence must not remove the presence that its runs go over.
TEST(Entry, APutThatDropsFieldsKeepsThePresence) {
  Entry entry = blank();
  apply(entry, plan_add(entry, {{"a", "1"}, {"b", "1"}}, {1, 0}), kA, 1);
  // The same change wrote a field, the presence and another field: as after several operations.
  entry.fields["a"] = {put({kA, 2, 0}, stamp(2), "1")};
  entry.presence = {put({kA, 2, 1}, stamp(2))};
  entry.fields["b"] = {put({kA, 2, 2}, stamp(2), "1")};

  apply(entry, plan_put(entry, {{"c", "1"}}, {5, 0}), kZ, 1);

  EXPECT_TRUE(exists(entry));
  EXPECT_EQ(shown_text(entry), "{\"c\":1}");
}

// S1, M2: the cells of an update that is concurrent with a remove are kept, but only an add makes
// the entry exist again.
TEST(Entry, APatchConcurrentWithARemoveIsKeptButNotShown) {
  Entry entry = blank();
  apply(entry, plan_add(entry, {{"a", "1"}}, {1, 0}), kA, 1);
  auto patch = plan_merge(entry, {{"a", "2"}}, {5, 0});

  apply(entry, plan_remove(entry), kZ, 1);
  apply(entry, patch, kA, 2);

  EXPECT_FALSE(exists(entry));
  EXPECT_TRUE(conflicts(entry).empty());
  EXPECT_EQ(entry.fields["a"].size(), 1u);
}

TEST(Entry, PlansThatWouldChangeNothingAreEmpty) {
  EXPECT_TRUE(plan_merge(blank(), {}, {1, 0}).empty());
  EXPECT_TRUE(plan_unset(blank(), {"a"}).empty());
  EXPECT_TRUE(plan_remove(blank()).empty());
}

TEST(Entry, AbsentFieldsAreNotShown) {
  Entry entry = blank();
  entry.presence = {put({kA, 1, 0}, stamp(1))};
  entry.fields["gone"] = {put({kA, 1, 1}, stamp(1), "1"), put({kZ, 1, 0}, stamp(2), "")};
  entry.fields["tagged"] = {put({kA, 1, 2}, stamp(1), std::string("7\0tag", 5))};

  EXPECT_EQ(shown_text(entry), "{\"tagged\":7}");
  ASSERT_EQ(conflicts(entry).size(), 1u);
  EXPECT_EQ(conflicts(entry)[0].losers[0].body, "1");
}

}  // namespace
}  // namespace crdt
