#include <gtest/gtest.h>

#include "crdt/codec.h"
#include "tests/gossip/changes.h"
#include "tests/gossip/mesh.h"

namespace gossip::testing {
namespace {

// Every connection breaks after less than 100 kB. Everything that came before a break must count.
TEST(Reconcile, ConnectionsThatAlwaysBreakEarlyCatchUp) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Pair pair(seed);
    pair.mesh.cut_both(Pair::a, Pair::z);
    for (int i = 0; i < 60; ++i) pair.mesh.write(Pair::a, 20'000);
    for (std::size_t i = 0; i < 60; ++i) pair.mesh.write(Pair::z, 1'000 * (i % 30));
    pair.mesh.run(base::seconds(10));
    pair.mesh.carried_max = 100'000;
    pair.mesh.heal();

    bool converged = pair.mesh.run_until([&] { return pair.mesh.converged(); }, base::seconds(120));

    EXPECT_TRUE(converged) << "seed " << seed << ": " << pair.mesh.describe();
  }
}

// Each page costs a round trip. So pages grow again when the path has become good.
TEST(Reconcile, PagesGrowAgainWhereNothingBreaks) {
  Pair pair(24);
  pair.mesh.cut_both(Pair::a, Pair::z);
  for (int i = 0; i < 20; ++i) pair.mesh.write(Pair::a, 20'000);
  pair.mesh.run(base::seconds(10));
  pair.mesh.carried_max = 30'000;
  pair.mesh.heal();
  ASSERT_TRUE(pair.mesh.run_until([&] { return pair.mesh.converged(); }, base::seconds(120)));
  std::uint64_t served = pair.mesh.node(Pair::a).stats().ranges_served;
  EXPECT_GE(served, 20u);

  pair.mesh.carried_max = SIZE_MAX;
  pair.mesh.cut_both(Pair::a, Pair::z);
  for (int i = 0; i < 150; ++i) pair.mesh.write(Pair::a, 20'000);
  pair.mesh.run(base::seconds(1));  // the time is too short to declare anybody dead
  pair.mesh.heal();

  ASSERT_TRUE(pair.mesh.run_until([&] { return pair.mesh.converged(); }, base::seconds(20)));
  EXPECT_LE(pair.mesh.node(Pair::a).stats().ranges_served - served, 15u);  // for 3 MB
}

TEST(Reconcile, ALostPushIsRepairedWithinTwoPings) {
  Pair pair(1);
  pair.mesh.faults.loss_percent = 100;
  pair.mesh.write(Pair::a);
  pair.mesh.run(base::millis(10));
  pair.mesh.faults.loss_percent = 0;

  bool repaired =
      pair.mesh.run_until([&] { return pair.mesh.converged(); }, base::millis(500 + 100 + 300));

  EXPECT_TRUE(repaired);
}

// The change after the lost one cannot be applied. This shows at once that a comparison is needed.
TEST(Reconcile, AGapIsRepairedWithoutWaitingForAPing) {
  Options edge;
  edge.profile = *profile_from_name("edge");
  Pair pair(2, edge);
  pair.mesh.run(base::seconds(20));
  pair.mesh.faults.loss_percent = 100;
  pair.mesh.write(Pair::a);
  pair.mesh.run(base::millis(10));
  pair.mesh.faults.loss_percent = 0;
  pair.mesh.write(Pair::a);

  bool repaired = pair.mesh.run_until([&] { return pair.mesh.converged(); }, base::millis(1'500));

  EXPECT_TRUE(repaired);
}

// Somebody types, and now and then a push is lost. Between two members no other path can bring it,
// so nobody waits for one.
TEST(Reconcile, BetweenTwoMembersAGapIsRepairedAtOnce) {
  for (const Topology topology : {Topology::kDirect, Topology::kPushPull}) {
    Options lan;
    lan.profile = *profile_from_name("lan");
    lan.topology = topology;
    Pair pair(3, lan);
    pair.mesh.host(Pair::z).replica->parks = true;
    pair.mesh.run(base::seconds(20));
    const std::uint64_t before = pair.mesh.node(Pair::z).stats().reconciliations;
    for (int loss = 0; loss < 20; ++loss) {
      pair.mesh.faults.loss_percent = 100;
      pair.mesh.write(Pair::a);
      pair.mesh.run(base::millis(10));
      pair.mesh.faults.loss_percent = 0;
      pair.mesh.write(Pair::a);
      EXPECT_TRUE(pair.mesh.run_until([&] { return pair.mesh.converged(); }, base::millis(40)))
          << loss;
      for (int i = 0; i < 5; ++i) {
        pair.mesh.run(base::millis(20));
        pair.mesh.write(Pair::a);
      }
    }
    EXPECT_LE(pair.mesh.node(Pair::z).stats().reconciliations - before, 25u);
  }
}

// The peer is always busy, so the gap stays.
TEST(Reconcile, AGapThatStaysIsAskedForOnceAGraceAtMost) {
  Options lan;
  lan.profile = *profile_from_name("lan");
  lan.serve_peers_max = 0;
  Pair pair(4, lan);
  pair.mesh.host(Pair::z).replica->parks = true;
  pair.mesh.run(base::seconds(5));
  pair.mesh.faults.loss_percent = 100;
  pair.mesh.write(Pair::a);
  pair.mesh.run(base::millis(10));
  pair.mesh.faults.loss_percent = 0;
  const std::uint64_t before = pair.mesh.node(Pair::z).stats().reconciliations;

  for (int i = 0; i < 200; ++i) {
    pair.mesh.write(Pair::a);
    pair.mesh.run(base::millis(10));
  }

  const std::uint64_t exchanges = pair.mesh.node(Pair::z).stats().reconciliations - before;
  EXPECT_GE(exchanges, 15u) << "nothing was asked for, so the test measures nothing";
  EXPECT_LE(exchanges, 21u);
}

TEST(Reconcile, BothSidesFetchWhatTheyLack) {
  Pair pair(3);
  pair.mesh.cut_both(Pair::a, Pair::z);
  for (int i = 0; i < 100; ++i) pair.mesh.write(Pair::a);
  for (int i = 0; i < 70; ++i) pair.mesh.write(Pair::z);
  pair.mesh.run(base::seconds(10));
  pair.mesh.heal();

  EXPECT_TRUE(pair.mesh.run_until([&] { return pair.mesh.converged(); }, base::seconds(5)));
  EXPECT_EQ(pair.mesh.host(Pair::a).replica->size(), 170u);
}

// Two actors write in turns, and each change depends on the last change of the other actor. Pages
// make progress only in the sender's own order.
TEST(Reconcile, ALimitedRangeWithDependenciesDoesNotLiveLock) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Options tiny;
    tiny.range_changes_max = 2;
    tiny.apply_bytes_max = 200;
    Mesh mesh(seed, tiny);
    std::size_t a = mesh.add();
    std::size_t z = mesh.add({a});
    mesh.run(base::seconds(1));
    for (int i = 0; i < 30; ++i) {
      mesh.write(i % 2 == 0 ? a : z);
      mesh.run(base::millis(60));
    }
    std::size_t m = mesh.add({z, a});

    bool converged = mesh.run_until([&] { return mesh.converged(); }, base::seconds(30));

    EXPECT_TRUE(converged) << "seed " << seed << ": " << mesh.describe();
    EXPECT_EQ(mesh.host(m).replica->size(), 30u);
    EXPECT_LE(mesh.host(m).apply_bytes_waiting_max, tiny.apply_bytes_max + 200);
  }
}

// Pages of one change each, from two peers. The page of one peer depends on the page of the other.
TEST(Reconcile, PagesOfTwoPeersThatWaitForEachOtherMove) {
  Options tiny;
  tiny.range_changes_max = 1;
  Mesh mesh(4, tiny);
  std::size_t a = mesh.add();
  std::size_t z = mesh.add({a});
  std::size_t m = mesh.add({a});
  mesh.run(base::seconds(2));
  mesh.cut_both(a, m);
  mesh.cut_both(z, m);
  for (int i = 0; i < 20; ++i) {
    mesh.write(i % 2 == 0 ? a : z);
    mesh.run(base::millis(100));
  }
  mesh.run(base::seconds(5));

  mesh.heal();

  EXPECT_TRUE(mesh.run_until([&] { return mesh.converged(); }, base::seconds(20)));
}

TEST(Reconcile, NothingIsAskedTwiceOfSeveralPeers) {
  Mesh mesh(5);
  std::size_t a = mesh.add();
  for (int i = 0; i < 5; ++i) mesh.add({a});
  mesh.run(base::seconds(2));
  std::size_t z = 5;
  for (std::size_t i = 0; i < 5; ++i) mesh.cut_both(z, i);
  for (int i = 0; i < 300; ++i) mesh.write(static_cast<std::size_t>(i % 5), 400);
  mesh.run(base::seconds(8));
  std::uint64_t received = mesh.node(z).stats().changes_received;
  std::uint64_t twice = mesh.node(z).stats().changes_duplicate;

  mesh.heal();

  ASSERT_TRUE(mesh.run_until([&] { return mesh.converged(); }, base::seconds(20)));
  EXPECT_EQ(mesh.node(z).stats().changes_received - received, 300u);
  EXPECT_EQ(mesh.node(z).stats().changes_duplicate, twice);
}

wire::Vector vector_with(const base::ActorId& actor, crdt::Head head) {
  return {true, {1, 2}, {{actor, head}}};
}

TEST(Reconcile, OurOwnActorAboveUsIsAnEcho) {
  Pair pair(12);
  pair.mesh.write(Pair::a);
  pair.mesh.run(base::seconds(1));
  Mesh::Host& host = pair.mesh.host(Pair::a);
  crdt::Head head = host.replica->vector().head_of(host.replica->actor());

  pair.mesh.frame(Pair::z, Pair::a, vector_with(host.replica->actor(), {head.seq + 1, 77}));
  ASSERT_EQ(host.alarms.size(), 1u);
  pair.mesh.frame(Pair::z, Pair::a, vector_with(host.replica->actor(), {head.seq, head.hash ^ 1}));
  ASSERT_EQ(host.alarms.size(), 2u);
  pair.mesh.frame(Pair::z, Pair::a, vector_with(host.replica->actor(), head));

  EXPECT_EQ(host.alarms.size(), 2u);
  EXPECT_EQ(host.alarms[0].kind, Alarm::Kind::kEcho);
  EXPECT_EQ(host.alarms[0].actor, host.replica->actor());
  EXPECT_EQ(host.alarms[0].head.seq, head.seq + 1);
}

TEST(Reconcile, AnEchoInAChangeOrItsDependenciesStopsTheWholeMessage) {
  Pair pair(13);
  Mesh::Host& host = pair.mesh.host(Pair::a);
  auto random = base::Random::from_number(1);
  auto other = random.id<base::ActorTag>();
  base::ActorId own = host.replica->actor();

  pair.mesh.frame(Pair::z, Pair::a,
                  wire::Push{{change_of(other, 1).bytes, change_of(own, 1).bytes}});
  pair.mesh.frame(Pair::z, Pair::a, wire::Push{{change_of(other, 1, {{own, {4, 4}}}).bytes}});

  EXPECT_EQ(host.alarms.size(), 2u);
  EXPECT_EQ(pair.mesh.node(Pair::a).stats().echoes, 2u);
  EXPECT_EQ(host.applies, 0u);
}

TEST(Reconcile, ABadChangeDoesNotStopTheRest) {
  Pair pair(14);
  auto random = base::Random::from_number(1);
  auto other = random.id<base::ActorTag>();

  pair.mesh.frame(Pair::z, Pair::a, wire::Push{{"rubbish", change_of(other, 1).bytes}});
  pair.mesh.run(base::millis(20));

  EXPECT_EQ(pair.mesh.node(Pair::a).stats().refused_content, 1u);
  EXPECT_EQ(pair.mesh.host(Pair::a).replica->size(), 1u);
}

// A member that sends what no client could be shown harms its own changes only.
TEST(Reconcile, AChangeWithAValueThatIsNoJsonIsRefused) {
  Pair pair(14);
  auto random = base::Random::from_number(1);
  const auto liar = random.id<base::ActorTag>();
  const auto other = random.id<base::ActorTag>();
  crdt::Change change = crdt::open_change(change_of(liar, 1).bytes)->change;
  change.effects[0].body = "\"no end";

  pair.mesh.frame(Pair::z, Pair::a,
                  wire::Push{{crdt::seal(change)->bytes, change_of(liar, 2).bytes}});
  pair.mesh.frame(Pair::z, Pair::a, wire::Push{{change_of(other, 1).bytes}});
  pair.mesh.run(base::millis(20));

  EXPECT_EQ(pair.mesh.node(Pair::a).stats().refused_content, 1u);
  EXPECT_EQ(pair.mesh.host(Pair::a).replica->size(), 1u);
}

TEST(Reconcile, OwnChangesAreConfirmedWhenAPeerClaimsThem) {
  Pair pair(15);
  for (int i = 0; i < 3; ++i) pair.mesh.write(Pair::a);
  pair.mesh.run(base::seconds(3));

  ASSERT_FALSE(pair.mesh.host(Pair::a).confirmed.empty());
  EXPECT_EQ(pair.mesh.host(Pair::a).confirmed.back().seq, 3u);
  std::size_t before = pair.mesh.host(Pair::a).confirmed.size();
  pair.mesh.run(base::seconds(10));
  EXPECT_EQ(pair.mesh.host(Pair::a).confirmed.size(), before);
}

// An actor that a vector leaves out is equal to ours. This too confirms our changes.
TEST(Reconcile, OwnChangesAreConfirmedWhereAVectorDoesNotNameThem) {
  Pair pair(24);
  pair.mesh.faults.loss_percent = 100;
  pair.mesh.write(Pair::a);
  pair.mesh.run(base::millis(100));
  Mesh::Host& host = pair.mesh.host(Pair::a);
  ASSERT_TRUE(host.confirmed.empty());
  crdt::VersionVector theirs = host.replica->vector();
  base::ActorId other = pair.mesh.host(Pair::z).replica->actor();
  theirs.set(other, {1, 77});
  wire::Vector vector{true, crdt::state_hash(crdt::vector_digest(theirs), {}), {{other, {1, 77}}}};
  vector.base = host.replica->state().vector;

  pair.mesh.frame(Pair::z, Pair::a, vector);

  ASSERT_EQ(host.confirmed.size(), 1u);
  EXPECT_EQ(host.confirmed[0].actor, host.replica->actor());
  EXPECT_EQ(host.confirmed[0].seq, 1u);
}

TEST(Sync, LastsUntilTheFirstExchangeWithTheSeed) {
  Mesh mesh(19);
  mesh.add();
  for (int i = 0; i < 5'000; ++i) mesh.write(0);
  mesh.run(base::seconds(1));
  EXPECT_FALSE(mesh.node(0).syncing());
  std::size_t z = mesh.add({0});
  EXPECT_FALSE(mesh.node(z).syncing());

  ASSERT_TRUE(mesh.run_until([&] { return mesh.node(z).syncing(); }, base::seconds(1)));
  ASSERT_TRUE(mesh.run_until([&] { return !mesh.node(z).syncing(); }, base::seconds(5)));

  EXPECT_EQ(mesh.host(z).replica->size(), 5'000u);
}

TEST(Sync, EndsWhenTheSeedDies) {
  Mesh mesh(20);
  mesh.add();
  for (int i = 0; i < 5'000; ++i) mesh.write(0);
  mesh.run(base::seconds(1));
  std::size_t z = mesh.add({0});
  ASSERT_TRUE(mesh.run_until([&] { return mesh.node(z).syncing(); }, base::seconds(1)));

  mesh.crash(0);

  EXPECT_TRUE(mesh.run_until([&] { return !mesh.node(z).syncing(); }, base::seconds(10)));
}

// A page comes after its exchange was given up. On a slow link this would happen with every page.
TEST(Reconcile, ALatePageIsNotWasted) {
  Pair pair(22);
  auto random = base::Random::from_number(1);
  auto other = random.id<base::ActorTag>();

  pair.mesh.frame(0, 1, wire::Range{99, wire::Range::Outcome::kMore, {change_of(other, 1).bytes}});
  pair.mesh.run(base::millis(20));

  EXPECT_EQ(pair.mesh.host(1).replica->size(), 1u);
}

TEST(Reconcile, WhoLeftStillServes) {
  Pair pair(23);
  pair.mesh.write(0);
  pair.mesh.run(base::seconds(1));
  pair.mesh.leave(0);
  base::ActorId actor = pair.mesh.host(0).replica->actor();
  Actions actions;

  pair.mesh.node(0).receive_frame(pair.mesh.now(), pair.mesh.host(1).identity.node,
                                  wire::encode(wire::RangeRequest{7, {{actor, {}}}}), actions);

  ASSERT_EQ(actions.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Fetch>(actions[0]));
}

TEST(Reconcile, ASessionThatBreaksIsTriedAgain) {
  Pair pair(21);
  pair.mesh.cut_both(0, 1);
  for (int i = 0; i < 4'000; ++i) pair.mesh.write(0);
  pair.mesh.run(base::seconds(2));
  pair.mesh.heal();
  ASSERT_TRUE(pair.mesh.run_until([&] { return pair.mesh.host(1).replica->size() > 0; },
                                  base::seconds(10)));
  for (int i = 0; i < 5; ++i) {
    Actions actions;
    pair.mesh.node(1).session_closed(pair.mesh.now(), pair.mesh.host(0).identity.node, true,
                                     actions);
    pair.mesh.run(base::millis(100));
  }

  EXPECT_TRUE(pair.mesh.run_until([&] { return pair.mesh.converged(); }, base::seconds(10)));
}

}  // namespace
}  // namespace gossip::testing
