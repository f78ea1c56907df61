// Hard cases that were found in other systems, replayed on catalog entries. The presence of an
// entry is an element of an OR-Set, its fields are registers. A name in brackets is the name of the
// case in the test suites of riak_dt and others.

#include <gtest/gtest.h>

#include "peer.h"

namespace crdt::laws {
namespace {

using Sent = base::Bytes;

ActorId actor(unsigned char fill) {
  ActorId id;
  id.bytes.fill(fill);
  return id;
}

base::Now wall(std::int64_t seconds, bool synchronised = false) {
  return {{}, seconds * 1'000'000'000, synchronised};
}

// A peer with functions named after the requests. A write returns what it has sealed; the test
// decides when others receive it.
class Host {
 public:
  explicit Host(unsigned char fill) : peer(actor(fill)) {}

  std::optional<Sent> write(const std::vector<Peer::Plan>& plans) {
    auto written = peer.write(wall(seconds), plans);
    if (!written) return std::nullopt;
    return written->sealed;
  }
  Sent add(const std::string& id, const Fields& fields = {}) {
    return *write({[&](HybridTime t) { return plan_add(peer.entry(id), fields, t); }});
  }
  Sent put(const std::string& id, const Fields& fields) {
    return *write({[&](HybridTime t) { return plan_put(peer.entry(id), fields, t); }});
  }
  Sent patch(const std::string& id, const Fields& fields) {
    return *write({[&](HybridTime t) { return plan_merge(peer.entry(id), fields, t); }});
  }
  std::optional<Sent> try_remove(const std::string& id) {
    return write({[&](HybridTime) { return plan_remove(peer.entry(id)); }});
  }
  Sent remove(const std::string& id) { return *try_remove(id); }

  Peer::Offer hear(const Sent& sent) { return peer.offer(wall(seconds), sent); }
  void hear_all(const std::vector<Sent>& all) {
    for (const Sent& sent : all) EXPECT_NE(hear(sent), Peer::Offer::kNotYet);
  }
  bool has(const std::string& id) const { return exists(peer.entry(id)); }
  std::string shows(const std::string& id) const { return shown_text(peer.entry(id)); }
  std::size_t dots(const std::string& id) const { return peer.entry(id).presence.size(); }

  Peer peer;
  std::int64_t seconds = 1'000;
};

void expect_equal(const Host& a, const Host& z) {
  EXPECT_EQ(a.peer.cells(), z.peer.cells());
  EXPECT_EQ(a.peer.digest(), z.peer.digest());
  EXPECT_EQ(a.peer.vector(), z.peer.vector());
}

TEST(OrSetScenario, S1AnAddConcurrentWithARemoveWins) {
  Host a(1), z(2);
  Sent first = a.add("x");
  z.hear(first);

  Sent again = a.add("x");
  Sent gone = z.remove("x");
  a.hear(gone);
  z.hear(again);

  EXPECT_TRUE(a.has("x"));
  expect_equal(a, z);
}

TEST(OrSetScenario, S2AWitnessOfBothAddsRemovesBoth) {
  Host a(1), b(2), c(3);
  Sent one = a.add("x"), two = b.add("x");
  c.hear_all({one, two});
  EXPECT_EQ(c.dots("x"), 2u);

  Sent gone = c.remove("x");
  a.hear_all({two, gone});
  b.hear_all({one, gone});

  EXPECT_FALSE(a.has("x"));
  EXPECT_TRUE(a.peer.cells().empty());
  EXPECT_TRUE(a.peer.digest().is_zero());
  expect_equal(a, b);
  expect_equal(a, c);
}

TEST(OrSetScenario, S3ARemoveReachesOnlyWhatItsAuthorSaw) {
  Host a(1), b(2), c(3);
  Sent one = a.add("x"), two = b.add("x");
  c.hear(one);

  Sent gone = c.remove("x");
  a.hear_all({two, gone});
  b.hear_all({one, gone});

  EXPECT_TRUE(a.has("x"));
  EXPECT_EQ(a.dots("x"), 1u);
  expect_equal(a, b);
}

TEST(OrSetScenario, S4AReAddLeavesOneDotWithAStalePeer) {
  Host a(1), z(2);
  Sent one = a.add("x");
  z.hear(one);

  Sent gone = a.remove("x"), again = a.add("x");
  z.hear_all({gone, again});

  EXPECT_TRUE(z.has("x"));
  EXPECT_EQ(z.dots("x"), 1u);
  expect_equal(a, z);
}

// S5, S14: the gate refuses a remove until the add that it kills is here. A restart in between
// gives the same result: the remove is forgotten and comes again.
TEST(OrSetScenario, S5ARemoveBeforeItsAddNeverShowsTheElement) {
  Host a(1), b(2), z(3);
  Sent one = a.add("x");
  b.hear(one);
  Sent gone = b.remove("x");

  EXPECT_EQ(z.hear(gone), Peer::Offer::kNotYet);
  EXPECT_TRUE(z.peer.vector().empty());
  EXPECT_EQ(z.hear(one), Peer::Offer::kApplied);
  EXPECT_EQ(z.hear(gone), Peer::Offer::kApplied);
  EXPECT_EQ(z.hear(one), Peer::Offer::kSeen);

  EXPECT_FALSE(z.has("x"));
  expect_equal(b, z);
}

TEST(OrSetScenario, S6DisjointSetsUnite) {
  Host a(1), b(2), z(3);
  Sent x = a.add("x"), y = b.add("y");
  z.hear(x);

  Sent gone = z.remove("x");
  z.hear(y);
  b.hear_all({x, gone});
  a.hear_all({y, gone});

  EXPECT_TRUE(a.has("y"));
  EXPECT_FALSE(a.has("x"));
  expect_equal(a, b);
  expect_equal(a, z);
}

// [present_but_removed]
TEST(OrSetScenario, S7RemovedEverywhereStaysRemovedWhenAStaleCopyMerges) {
  Host a(1), b(2), c(3);
  Sent a1 = a.add("x");
  c.hear(a1);
  Sent a2 = a.remove("x");
  Sent b1 = b.add("x");
  a.hear(b1);
  Sent b2 = b.remove("x");

  a.hear(b2);
  b.hear_all({a1, a2});
  c.hear_all({a2, b1, b2});

  EXPECT_FALSE(a.has("x"));
  expect_equal(a, b);
  expect_equal(a, c);
}

// [no_dots_left]
TEST(OrSetScenario, S8NoElementStaysWithoutDots) {
  Host a(1), b(2), c(3);
  Sent a1 = a.add("x"), b1 = b.add("x");
  c.hear(a1);
  Sent a2 = a.remove("x");
  a.hear(b1);
  b.hear(a1);
  Sent b2 = b.remove("x");
  b.hear(a2);

  a.hear(b2);
  c.hear_all({a2, b1, b2});

  EXPECT_TRUE(a.peer.cells().empty());
  expect_equal(a, b);
  expect_equal(a, c);
}

TEST(OrSetScenario, S9RemoveAgainstRemoveThenAdd) {
  Host a(1), z(2);
  Sent one = a.add("x");
  z.hear(one);

  Sent a2 = a.remove("x");
  Sent z1 = z.remove("x"), z2 = z.add("x");
  a.hear_all({z1, z2});
  z.hear(a2);

  EXPECT_TRUE(a.has("x"));
  expect_equal(a, z);
}

TEST(OrSetScenario, S10ClearingLeavesAConcurrentAdd) {
  Host a(1), z(2);
  Sent one = a.add("w"), two = a.add("x");
  z.hear_all({one, two});

  Sent clear = *a.write({[&](HybridTime) { return plan_remove(a.peer.entry("w")); },
                         [&](HybridTime) { return plan_remove(a.peer.entry("x")); }});
  Sent y = z.add("y");
  z.hear(clear);
  a.hear(y);

  EXPECT_FALSE(a.has("w") || a.has("x"));
  EXPECT_TRUE(a.has("y"));
  expect_equal(a, z);
}

TEST(OrSetScenario, S11ReAddingKeepsOneDot) {
  Host a(1);
  for (int i = 0; i < 5; ++i) a.add("x", {{"f", std::to_string(i)}});

  EXPECT_EQ(a.dots("x"), 1u);
  EXPECT_EQ(a.peer.cells().size(), 3u);
}

TEST(OrSetScenario, S12ConcurrentAddersKeepADotEachUntilTheNextAdd) {
  Host z(99);
  for (unsigned char i = 1; i <= 7; ++i) z.hear(Host(i).add("x"));
  EXPECT_EQ(z.dots("x"), 7u);

  z.add("x");

  EXPECT_EQ(z.dots("x"), 1u);
}

// [dead_node_update]
TEST(OrSetScenario, S13UnseenDotsOfADeadActorDoNotHinderARemove) {
  Host dead(1), b(2), z(3);
  Sent seen = dead.add("x");
  (void)dead.add("x");  // no other host receives this one
  b.hear(seen);

  Sent gone = b.remove("x");
  z.hear_all({seen, gone});

  EXPECT_FALSE(z.has("x"));
  expect_equal(b, z);
}

TEST(OrSetScenario, S15ABatchIsAppliedInItsOrder) {
  Host a(1), z(2);
  Sent one = a.add("x", {{"old", "1"}});
  Sent batch = *a.write({[&](HybridTime) { return plan_remove(a.peer.entry("x")); },
                         [&](HybridTime t) { return plan_add(a.peer.entry("x"), {}, t); }});

  z.hear_all({one, batch});

  EXPECT_TRUE(z.has("x"));
  EXPECT_EQ(z.shows("x"), "{}");
  expect_equal(a, z);
}

TEST(OrSetScenario, S16RemovingTheAbsentMakesNoChange) {
  Host a(1);

  EXPECT_EQ(a.try_remove("x"), std::nullopt);

  EXPECT_TRUE(a.peer.vector().empty());
}

// [dot_key]
TEST(OrSetScenario, S17TwoAddsOfOneChangeShareNoDot) {
  Host a(1), z(2);
  Sent both = *a.write({[&](HybridTime t) { return plan_add(a.peer.entry("x"), {}, t); },
                        [&](HybridTime t) { return plan_add(a.peer.entry("y"), {}, t); }});
  z.hear(both);
  EXPECT_NE(z.peer.entry("x").presence[0].dot, z.peer.entry("y").presence[0].dot);

  a.hear(z.remove("x"));

  EXPECT_FALSE(a.has("x"));
  EXPECT_TRUE(a.has("y"));
}

// Two copies of one database write under one actor. Their numbers are equal, but the hashes of
// their heads differ.
TEST(OrSetScenario, S18OneNumberWithTwoContentsShowsInTheHeads) {
  Host a(1), copy(1);
  a.add("x");
  copy.add("y");

  EXPECT_EQ(a.peer.vector().seq_of(actor(1)), copy.peer.vector().seq_of(actor(1)));
  EXPECT_NE(a.peer.vector(), copy.peer.vector());
  EXPECT_NE(vector_digest(a.peer.vector()), vector_digest(copy.peer.vector()));
}

TEST(RegisterScenario, L1AFullTieGoesToTheHigherActorInAnyOrder) {
  Host a(1), b(2), y(3), z(4);
  Sent create = a.add("x");
  for (Host* host : {&b, &y, &z}) host->hear(create);
  a.seconds = b.seconds = 2'000;
  Sent from_a = a.patch("x", {{"f", "\"zzz\""}}), from_b = b.patch("x", {{"f", "\"aaa\""}});

  y.hear_all({from_a, from_b});
  z.hear_all({from_b, from_a});

  EXPECT_EQ(y.shows("x"), "{\"f\":\"aaa\"}");
  EXPECT_EQ(conflicts(y.peer.entry("x")).at(0).rule, "dot");
  expect_equal(y, z);
}

TEST(RegisterScenario, L2WhoSawAValueOverwritesItWithASlowerClock) {
  Host a(1), z(2);
  a.seconds = 5'000;
  z.seconds = 10;
  Sent create = a.add("x", {{"f", "1"}});
  z.hear(create);

  Sent later = z.patch("x", {{"f", "2"}});
  a.hear(later);

  EXPECT_EQ(a.shows("x"), "{\"f\":2}");
  EXPECT_TRUE(conflicts(a.peer.entry("x")).empty());
}

TEST(RegisterScenario, L3OfConcurrentValuesTheLaterWinsAndTheLoserIsReadable) {
  Host a(1), z(2);
  Sent create = a.add("x");
  z.hear(create);
  a.seconds = 3'000;
  z.seconds = 2'000;
  Sent high = a.patch("x", {{"f", "1"}}), low = z.patch("x", {{"f", "2"}});
  a.hear(low);
  z.hear(high);

  auto found = conflicts(z.peer.entry("x"));

  EXPECT_EQ(z.shows("x"), "{\"f\":1}");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].losers.at(0).body, "2");
  EXPECT_EQ(found[0].rule, "stamp");
  expect_equal(a, z);
}

// A change of a host in the year 2100 is applied and overwritten like any other. Nothing waits
// until its time has come.
TEST(RegisterScenario, L4AFutureStampBlocksNobody) {
  Host a(1), b(2), z(3);
  b.seconds = 4'102'444'800;
  Sent create = b.add("x", {{"f", "1"}});
  EXPECT_EQ(a.hear(create), Peer::Offer::kApplied);
  EXPECT_LT(a.peer.latest().nanos, 2'000'000'000'000);

  Sent after = a.patch("x", {{"f", "2"}}), other = a.add("y");
  z.hear_all({create, after, other});

  EXPECT_EQ(z.shows("x"), "{\"f\":2}");
  EXPECT_LT(z.peer.entry("y").presence.at(0).stamp.time.nanos, 2'000'000'000'000);
  expect_equal(a, z);
}

TEST(RegisterScenario, L5OwnWritesWinAcrossAClockThatFallsBackADay) {
  Host a(1), z(2);
  a.seconds = 200'000;
  Sent one = a.add("x", {{"f", "1"}});
  a.seconds -= 86'400;

  Sent two = a.patch("x", {{"f", "2"}});
  z.hear_all({one, two});

  EXPECT_EQ(z.shows("x"), "{\"f\":2}");
}

TEST(RegisterScenario, L6AClockLoadedAfterARestartStaysAboveItsPast) {
  Host a(1);
  a.seconds = 200'000;
  a.add("x");
  HybridClock restarted(a.peer.latest(), {});

  EXPECT_GT(restarted.tick(wall(5)), a.peer.latest());
}

// M2: the cell of the update is kept but not shown. A later add replaces it, whatever the stamps
// are.
TEST(MapScenario, M2AnUpdateConcurrentWithARemoveDoesNotMakeAHusk) {
  Host a(1), z(2);
  Sent create = a.add("x", {{"f", "1"}, {"g", "1"}});
  z.hear(create);

  Sent gone = a.remove("x"), update = z.patch("x", {{"f", "2"}});
  a.hear(update);
  z.hear(gone);

  EXPECT_FALSE(a.has("x"));
  EXPECT_EQ(a.peer.cells().size(), 1u);
  expect_equal(a, z);
  a.add("x", {{"g", "3"}});
  EXPECT_EQ(a.shows("x"), "{\"g\":3}");
}

TEST(MapScenario, M3RemoveAgainstRemoveIsAbsent) {
  Host a(1), z(2);
  Sent create = a.add("x", {{"f", "1"}});
  z.hear(create);

  Sent one = a.remove("x"), two = z.remove("x");
  a.hear(two);
  z.hear(one);

  EXPECT_TRUE(a.peer.cells().empty());
  expect_equal(a, z);
}

TEST(MapScenario, M4TwoTypesAtOneNameAreTwoSlots) {
  Slot reg{"o", {"k"}, SlotType::kLwwRegister};
  Slot set{"o", {"k"}, SlotType::kOrSet};
  Cell cell{{actor(1), 1, 0}, EffectKind::kPut, {}, "1"};

  EXPECT_NE(reg, set);
  EXPECT_NE(cell_element(reg, cell), cell_element(set, cell));
}

// [clock_test, tombstone_remove_test]: a removed field does not come back with a later update.
TEST(MapScenario, M6AFieldRemovedWithItsEntryDoesNotResurface) {
  Host a(1), b(2), z(3);
  Sent create = a.add("x", {{"f", "1"}});
  b.hear(create);
  Sent gone = b.remove("x");
  Sent update = a.patch("x", {{"g", "2"}});
  a.hear(gone);
  Sent again = a.add("x", {{"h", "3"}});

  z.hear_all({create, update, gone, again});

  EXPECT_EQ(z.shows("x"), "{\"h\":3}");
  expect_equal(a, z);
}

TEST(MapScenario, M7AStalePeerDoesNotBringTheOldValueBack) {
  Host a(1), b(2), stale(3);
  Sent create = a.add("x", {{"f", "\"old\""}});
  b.hear(create);
  stale.hear(create);
  Sent gone = a.remove("x"), again = a.add("x", {{"g", "\"new\""}});
  b.hear_all({gone, again});

  Sent other = stale.add("y");
  stale.hear_all({gone, again});
  a.hear(other);
  b.hear(other);

  EXPECT_EQ(stale.shows("x"), "{\"g\":\"new\"}");
  expect_equal(a, stale);
  expect_equal(b, stale);
}

TEST(MapScenario, M10AnEmptyEntryIsSeenEverywhere) {
  Host a(1), z(2);

  z.hear(a.add("x"));

  EXPECT_TRUE(z.has("x"));
  EXPECT_EQ(z.shows("x"), "{}");
}

TEST(MapScenario, M11OfTwoConcurrentCreationsTheLaterStandsWholeAndTheOtherIsReadable) {
  Host a(1), z(2);
  z.seconds = 2'000;
  Sent one = a.add("x", {{"f", "1"}}), two = z.add("x", {{"g", "2"}});

  a.hear(two);
  z.hear(one);

  EXPECT_EQ(a.shows("x"), "{\"g\":2}");
  auto found = conflicts(a.peer.entry("x"));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].rule, "reset");
  EXPECT_EQ(found[0].losers.at(0).body, "1");
  expect_equal(a, z);
}

}  // namespace
}  // namespace crdt::laws
