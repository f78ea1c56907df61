#include <gtest/gtest.h>

#include "gossip/reconcile/intake.h"

#include "tests/gossip/changes.h"
#include "tests/gossip/mesh.h"

namespace gossip::testing {
namespace {

TEST(Intake, IsBoundedAndTakesAgainWhatWasForgotten) {
  Options options;
  options.apply_bytes_max = 300;
  Claims claims(Holdings{});
  Stats stats;
  Intake intake(options, claims, stats);
  auto random = base::Random::from_number(1);
  auto actor = random.id<base::ActorTag>();
  auto peer = random.id<base::NodeTag>();
  std::vector<base::Bytes> changes;
  for (std::uint64_t seq = 1; seq <= 20; ++seq) changes.push_back(change_of(actor, seq).bytes);
  Actions out;

  intake.take(peer, changes, false, out);
  std::size_t taken = std::get<Apply>(out.at(0)).changes.size();
  EXPECT_LT(taken, 20u);
  EXPECT_EQ(stats.changes_dropped, 20 - taken);
  EXPECT_LE(intake.bytes_under_way(), 300 + changes[0].size());
  EXPECT_EQ(intake.received(actor).seq, taken);

  Stored facts;
  facts.finished = {std::get<Apply>(out.at(0)).number};
  facts.forgotten = {{actor, 1}};
  EXPECT_EQ(intake.stored(facts).wanting, (std::map<NodeId, bool>{{peer, false}}));
  EXPECT_EQ(intake.bytes_under_way(), 0u);
  EXPECT_EQ(intake.received(actor).seq, 0u);
  out.clear();
  intake.take(peer, {changes[0], changes[1]}, false, out);
  EXPECT_EQ(std::get<Apply>(out.at(0)).changes.size(), 1u);
  EXPECT_EQ(stats.changes_duplicate, 1u);
}

// The queue of the replica was full. So the replica refused the page of B while the page of A was
// still waiting.
TEST(Intake, APageThatIsRefusedIsSettledAndNotAnOlderOne) {
  Options options;
  Claims claims(Holdings{});
  Stats stats;
  Intake intake(options, claims, stats);
  auto random = base::Random::from_number(1);
  auto a = random.id<base::NodeTag>();
  auto b = random.id<base::NodeTag>();
  auto written_by_a = change_of(random.id<base::ActorTag>(), 1);
  auto written_by_b = change_of(random.id<base::ActorTag>(), 1, {}, 500);
  Actions out;
  auto of_a = intake.take(a, {written_by_a.bytes}, true, out).number;
  auto of_b = intake.take(b, {written_by_b.bytes}, true, out).number;

  Stored refused;
  refused.finished = {of_b};
  refused.forgotten = {{written_by_b.actor, 1}};
  auto first = intake.stored(refused).pages;
  std::size_t under_way = intake.bytes_under_way();
  auto second = intake.stored(refused).pages;
  Stored stored;
  stored.finished = {of_a};
  auto third = intake.stored(stored).pages;

  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].from, b);
  EXPECT_EQ(first[0].number, of_b);
  EXPECT_EQ(under_way, written_by_a.bytes.size());
  EXPECT_TRUE(second.empty());  // a page is settled only once
  ASSERT_EQ(third.size(), 1u);
  EXPECT_EQ(third[0].from, a);
  EXPECT_EQ(intake.bytes_under_way(), 0u);
}

TEST(Intake, AChangeAsLargeAsTheBoundGetsThrough) {
  Options options;
  options.apply_bytes_max = 300;
  Claims claims(Holdings{});
  Stats stats;
  Intake intake(options, claims, stats);
  auto random = base::Random::from_number(1);
  auto actor = random.id<base::ActorTag>();
  Actions out;

  intake.take({}, {change_of(actor, 1, {}, 5'000).bytes}, false, out);

  EXPECT_EQ(out.size(), 1u);
}

TEST(Intake, TheSeenSetIsBounded) {
  Options options;
  options.apply_bytes_max = std::size_t{1} << 40;
  Claims claims(Holdings{});
  Stats stats;
  Intake intake(options, claims, stats);
  auto random = base::Random::from_number(1);
  auto actor = random.id<base::ActorTag>();
  Actions out;

  for (std::uint64_t seq = 1; seq <= kSeenMax + 500; ++seq) {
    intake.take({}, {change_of(actor, seq).bytes}, false, out);
  }

  EXPECT_EQ(intake.seen(), kSeenMax);
}

TEST(Serving, IsBoundedAndAnswersBusy) {
  Options options;
  options.serve_peers_max = 2;
  Mesh mesh(16, options);
  mesh.add();
  for (std::size_t i = 1; i < 6; ++i) mesh.add({0});
  mesh.run(base::seconds(2));
  Actions actions;
  std::size_t fetches = 0;

  for (std::size_t i = 1; i < 6; ++i) {
    wire::RangeRequest request{7, {{mesh.host(0).replica->actor(), {}}}};
    mesh.node(0).receive_frame(mesh.now(), mesh.host(i).identity.node, wire::encode(request),
                               actions);
  }

  for (const Action& action : actions) fetches += std::holds_alternative<Fetch>(action);
  EXPECT_EQ(fetches, 2u);
  EXPECT_EQ(actions.size(), 5u);
  EXPECT_EQ(mesh.node(0).stats().ranges_busy, 3u);
}

TEST(Serving, LeavesOutWhatTheAskerDidNotName) {
  Pair pair(17);
  pair.mesh.write(Pair::a);
  pair.mesh.write(Pair::z);
  pair.mesh.run(base::seconds(1));
  base::ActorId named = pair.mesh.host(Pair::a).replica->actor();
  base::ActorId other = pair.mesh.host(Pair::z).replica->actor();
  Actions actions;

  pair.mesh.node(Pair::a).receive_frame(pair.mesh.now(), pair.mesh.host(Pair::z).identity.node,
                                        wire::encode(wire::RangeRequest{7, {{named, {}}}}),
                                        actions);

  const Fetch& fetch = std::get<Fetch>(actions.at(0));
  EXPECT_EQ(fetch.have.seq_of(named), 0u);
  EXPECT_EQ(fetch.have.seq_of(other), 1u);
}

TEST(Serving, ReadsNoMoreThanTheAskerWantsNorThanItsOwnBound) {
  Pair pair(19);
  base::ActorId actor = pair.mesh.host(Pair::a).replica->actor();
  NodeId asker = pair.mesh.host(Pair::z).identity.node;
  auto read_for = [&](std::uint64_t bytes_max) {
    Actions actions;
    wire::RangeRequest request{7, {{actor, {}}}, bytes_max};
    pair.mesh.node(Pair::a).receive_frame(pair.mesh.now(), asker, wire::encode(request), actions);
    const Fetch fetch = std::get<Fetch>(actions.at(0));
    pair.mesh.node(Pair::a).fetched(pair.mesh.now(), {fetch.request, {}, {}}, actions);
    return fetch.bytes_max;
  };

  EXPECT_EQ(read_for(5'000), 5'000u);
  EXPECT_EQ(read_for(0), Options().range_bytes_max);
  EXPECT_EQ(read_for(UINT64_MAX), Options().range_bytes_max);
}

TEST(Serving, AFetchThatIsNeverAnsweredGivesItsPlaceBack) {
  Pair pair(18);
  base::ActorId actor = pair.mesh.host(Pair::a).replica->actor();
  NodeId asker = pair.mesh.host(Pair::z).identity.node;
  Actions actions;
  base::Bytes request = wire::encode(wire::RangeRequest{7, {{actor, {}}}});
  pair.mesh.node(Pair::a).receive_frame(pair.mesh.now(), asker, request, actions);
  pair.mesh.run(Options().exchange_timeout * 3 + base::seconds(1));
  actions.clear();

  pair.mesh.node(Pair::a).receive_frame(pair.mesh.now(), asker, request, actions);

  EXPECT_TRUE(std::holds_alternative<Fetch>(actions.at(0)));
}

}  // namespace
}  // namespace gossip::testing
