// Rule 8: the vectors are equal and the cells are not. This raises an alarm, and the alarm starts a
// join.

#include <gtest/gtest.h>

#include "crdt/codec.h"
#include "gossip/reconcile/reconciler.h"
#include "tests/gossip/mesh.h"

namespace gossip::testing {
namespace {

TEST(Reconcile, EqualVectorsWithUnequalCellsAreAnAlarmOnce) {
  Pair pair(11);
  pair.mesh.write(Pair::a);
  pair.mesh.run(base::seconds(3));
  pair.mesh.host(Pair::z).replica->spoil_digest();
  Stored facts;
  facts.durable = true;
  facts.state = pair.mesh.host(Pair::z).replica->state();
  Actions actions;
  pair.mesh.node(Pair::z).stored(pair.mesh.now(), facts, actions);
  std::uint64_t before = exchanges(pair.mesh);

  pair.mesh.run(base::seconds(60));

  ASSERT_EQ(pair.mesh.host(Pair::a).alarms.size(), 1u);
  EXPECT_EQ(pair.mesh.host(Pair::a).alarms[0].kind, Alarm::Kind::kDivergence);
  EXPECT_EQ(pair.mesh.host(Pair::a).alarms[0].peer, pair.mesh.host(Pair::z).identity.node);
  EXPECT_EQ(pair.mesh.node(Pair::a).stats().divergences, 1u);
  EXPECT_EQ(exchanges(pair.mesh), before);
}

// A learns that its cells and those of Z differ. Then A starts a join, and the join may fail.
struct Diverged : Pair {
  explicit Diverged(std::uint64_t seed) : Pair(seed) {
    mesh.add({a});
    mesh.write(a);
    mesh.run(base::seconds(3));
    mesh.host(z).replica->spoil_digest();
    tell(z, std::nullopt);
  }
  // Tells the node of `host` what its replica has done. Only alarms are kept of the actions that
  // the node returns.
  void tell(std::size_t host, std::optional<JoinStep> step) {
    Stored facts;
    facts.durable = true;
    facts.state = mesh.host(host).replica->state();
    facts.join = std::move(step);
    Actions actions;
    mesh.node(host).stored(mesh.now(), facts, actions);
    for (const Action& action : actions) {
      const auto* alarm = std::get_if<Alarm>(&action);
      if (alarm != nullptr) mesh.host(host).alarms.push_back(*alarm);
    }
  }
  void join_step(JoinStep::Kind kind, std::size_t peer) {
    base::Bytes query = crdt::codec::Writer().array(2).number(0).number(0).take();
    tell(a, JoinStep{kind, mesh.host(peer).identity.node, query});
  }
  std::size_t alarms() { return mesh.host(a).alarms.size(); }
  static constexpr std::size_t other = 2;
};

TEST(Reconcile, AnAlarmWhoseJoinFailsIsRaisedAgain) {
  Diverged diverged(25);
  diverged.mesh.run(base::seconds(10));
  ASSERT_EQ(diverged.alarms(), 1u);

  diverged.join_step(JoinStep::Kind::kAsk, Pair::z);
  diverged.join_step(JoinStep::Kind::kFailed, Pair::z);
  diverged.mesh.run(base::seconds(60));
  EXPECT_EQ(diverged.alarms(), 2u);

  // The disk was full: the join could not begin.
  diverged.join_step(JoinStep::Kind::kFailed, Pair::z);
  diverged.mesh.run(base::seconds(60));
  EXPECT_EQ(diverged.alarms(), 3u);

  diverged.join_step(JoinStep::Kind::kAsk, Pair::z);
  diverged.join_step(JoinStep::Kind::kDone, Pair::z);
  diverged.mesh.run(base::seconds(60));
  EXPECT_EQ(diverged.alarms(), 3u);
}

// The replica does one state join at a time. A join after an alarm must not end a join that is
// running, and a new join must not end the join after the alarm.
TEST(Reconcile, AnAlarmWaitsForTheEndOfAJoin) {
  Diverged diverged(26);
  diverged.join_step(JoinStep::Kind::kAsk, Diverged::other);
  diverged.mesh.run(base::seconds(20));
  EXPECT_EQ(diverged.alarms(), 0u);

  diverged.join_step(JoinStep::Kind::kDone, Diverged::other);
  diverged.mesh.run(base::seconds(10));

  EXPECT_EQ(diverged.alarms(), 1u);
}

TEST(Reconcile, ATimerOfAJoinIsNotHiddenByThoseOfOtherPeers) {
  Options options;
  options.exchange_timeout = base::seconds(1);
  options.profile.grace = base::seconds(30);
  auto random = base::Random::from_number(27);
  base::Instant now{0};
  MemberTable members(10);
  std::vector<NodeId> peers;
  for (int i = 0; i < 2; ++i) {
    MemberRecord record{random.id<base::NodeTag>(), "", {}, 1, MemberState::kAlive, {}};
    std::optional<MemberRecord> evicted;
    ASSERT_NE(members.insert(now, record, true, evicted), nullptr);
    peers.push_back(record.node);
  }
  Stats stats;
  Claims claims{Holdings{}};
  Intake intake(options, claims, stats);
  Reconciler reconciler(options, members, claims, intake, random.fork(), stats);
  Actions actions;
  Stored facts;
  facts.join = JoinStep{JoinStep::Kind::kAsk, peers[0], "query"};
  reconciler.stored(now, facts, {}, actions);
  reconciler.observed(now, peers[1], {1, 2}, {}, actions);
  std::vector<NodeId> ping;
  reconciler.advance(now, ping, actions);

  EXPECT_EQ(reconciler.next_deadline(), now + options.exchange_timeout);
}

}  // namespace
}  // namespace gossip::testing
