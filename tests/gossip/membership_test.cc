#include <gtest/gtest.h>

#include <cmath>

#include "gossip/swim/membership.h"
#include "gossip/swim/probe.h"
#include "tests/gossip/mesh.h"

namespace gossip::testing {
namespace {

TEST(Membership, EverybodyLearnsOfAJoiner) {
  Mesh mesh(1);
  std::size_t a = mesh.add();
  for (int i = 0; i < 19; ++i) mesh.add({a});

  EXPECT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(2)));
}

TEST(Membership, AChainOfSeedsIsEnough) {
  Mesh mesh(2);
  mesh.add();
  for (std::size_t i = 1; i < 12; ++i) mesh.add({i - 1});

  EXPECT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(8)));
}

TEST(Membership, ASeedThatComesUpLateIsFound) {
  Mesh mesh(3);
  std::size_t a = mesh.add();
  mesh.crash(a);
  mesh.add({a});
  mesh.add({a});
  mesh.run(base::seconds(60));

  mesh.start(a);

  EXPECT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(8)));
}

// Two groups of agents do not know each other. A member of the first has a seed in the second (host
// z), and this seed was down when the first group formed.
TEST(Membership, IslandsMeetThroughASeedThatNeverAnswered) {
  Mesh mesh(4);
  std::size_t a = mesh.add();
  std::size_t z = mesh.add();
  mesh.crash(z);
  mesh.add({a, z});
  mesh.run(base::seconds(20));
  mesh.start(z);

  EXPECT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(8)));
}

TEST(Membership, AJoinIsTriedThreeTimesInTheFirstSecond) {
  Mesh mesh(5);
  std::size_t a = mesh.add();
  mesh.crash(a);
  std::vector<Captured> captured;
  mesh.capture = &captured;
  mesh.add({a});

  mesh.run(base::seconds(1));
  EXPECT_EQ(captured.size(), 3u);
  mesh.run(base::seconds(60));
  EXPECT_LE(captured.size(), 3u + 2 + 60 / 5);
}

TEST(Membership, ItsOwnAddressIsNoSeed) {
  Mesh mesh(6);
  std::vector<Captured> captured;
  mesh.capture = &captured;

  mesh.add({0});
  mesh.run(base::seconds(10));

  EXPECT_TRUE(captured.empty());
}

TEST(Membership, ASilentMemberIsLostAndComesBack) {
  Mesh mesh(7);
  std::size_t a = mesh.add();
  std::size_t z = mesh.add({a});
  mesh.run(base::seconds(2));
  mesh.crash(z);

  bool lost =
      mesh.run_until([&] { return mesh.state_of(a, z) == MemberState::kDead; }, base::seconds(5));
  EXPECT_TRUE(lost);
  EXPECT_FALSE(mesh.host(a).up[mesh.host(z).identity.node]);
  mesh.start(z);
  bool back = mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(2));

  EXPECT_TRUE(back);
  EXPECT_EQ(mesh.host(a).downs, 1u);
  EXPECT_EQ(mesh.host(a).ups, 2u);
}

TEST(Membership, ARarelyAskedMemberIsNotLost) {
  Mesh mesh(8);
  std::size_t a = mesh.add();
  for (int i = 0; i < 59; ++i) mesh.add({a});

  mesh.run(base::seconds(60));

  for (std::size_t i = 0; i < mesh.size(); ++i) EXPECT_EQ(mesh.host(i).downs, 0u) << i;
}

TEST(Membership, LossAloneRarelyCostsAMember) {
  Mesh mesh(9);
  std::size_t a = mesh.add();
  for (int i = 0; i < 9; ++i) mesh.add({a});
  mesh.run(base::seconds(2));
  mesh.faults.loss_percent = 10;

  mesh.run(base::seconds(120));

  std::size_t downs = 0;
  for (std::size_t i = 0; i < mesh.size(); ++i) downs += mesh.host(i).downs;
  EXPECT_EQ(downs, 0u);
  EXPECT_TRUE(mesh.acquainted());
}

// The answers of z are lost, but its own pings arrive.
TEST(Membership, BeingHeardAtAllCountsAsAlive) {
  Mesh mesh(10);
  std::size_t a = mesh.add();
  std::size_t z = mesh.add({a});
  mesh.run(base::seconds(2));
  mesh.cut(a, z);

  mesh.run(base::seconds(20));

  EXPECT_EQ(mesh.state_of(a, z), MemberState::kAlive);
  EXPECT_EQ(mesh.state_of(z, a), MemberState::kDead);
  EXPECT_EQ(mesh.host(a).downs, 0u);
  EXPECT_LE(mesh.host(z).downs, 1u);
}

TEST(Membership, AOneWayCutDoesNotMakeStatesFlap) {
  Mesh mesh(11);
  std::size_t a = mesh.add();
  std::size_t z = mesh.add({a});
  for (int i = 0; i < 4; ++i) mesh.add({a});
  mesh.run(base::seconds(2));
  mesh.cut(z, a);
  std::uint64_t incarnation = mesh.node(z).members(mesh.now())[0].record.incarnation;

  mesh.run(base::seconds(60));

  EXPECT_EQ(mesh.host(a).downs, 0u);  // helpers get its answers
  EXPECT_EQ(mesh.host(a).ups, 5u);
  EXPECT_EQ(mesh.node(z).members(mesh.now())[0].record.incarnation, incarnation);
}

TEST(Membership, HalvesMeetAgain) {
  Mesh mesh(12);
  std::size_t a = mesh.add();
  for (int i = 0; i < 19; ++i) mesh.add({a});
  mesh.run(base::seconds(3));
  for (std::size_t i = 0; i < 10; ++i) {
    for (std::size_t j = 10; j < 20; ++j) mesh.cut_both(i, j);
  }
  mesh.run(base::seconds(90));
  ASSERT_FALSE(mesh.acquainted());

  mesh.heal();

  EXPECT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(10)));
}

TEST(Membership, WhoLeavesIsNotAskedAndComesBackByRejoining) {
  Mesh mesh(13);
  std::size_t a = mesh.add();
  std::size_t z = mesh.add({a});
  std::size_t m = mesh.add({a});
  mesh.run(base::seconds(2));

  mesh.leave(z);
  mesh.run(base::seconds(10));
  EXPECT_EQ(mesh.state_of(a, z), MemberState::kLeft);
  EXPECT_EQ(mesh.state_of(m, z), MemberState::kLeft);
  std::uint64_t received = mesh.node(z).stats().datagrams_received;
  mesh.run(base::seconds(10));
  EXPECT_EQ(mesh.node(z).stats().datagrams_received, received);
  EXPECT_TRUE(mesh.node(z).has_left());

  mesh.write(a);
  mesh.rejoin(z);
  EXPECT_TRUE(
      mesh.run_until([&] { return mesh.acquainted() && mesh.converged(); }, base::seconds(1)));
  EXPECT_FALSE(mesh.node(z).has_left());
}

// After this agent has left, the name of a seed gets another address. The agent must not join again
// because of that.
TEST(Membership, NewSeedsDoNotBringBackWhoHasLeft) {
  Mesh mesh(17);
  std::size_t a = mesh.add();
  std::size_t z = mesh.add();
  mesh.leave(z);
  Actions actions;
  mesh.node(z).seeds(mesh.now(), {Mesh::address(a)}, actions);
  mesh.run(base::seconds(10));

  EXPECT_TRUE(actions.empty());
  EXPECT_TRUE(mesh.node(z).has_left());
  mesh.rejoin(z);
  EXPECT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(1)));
}

TEST(Membership, ALeaveThatWasLostIsToldToWhoAsks) {
  Mesh mesh(14);
  std::size_t a = mesh.add();
  std::size_t z = mesh.add({a});
  mesh.run(base::seconds(2));
  mesh.cut_both(a, z);
  mesh.leave(z);
  mesh.run(base::millis(10));
  mesh.heal();

  EXPECT_TRUE(
      mesh.run_until([&] { return mesh.state_of(a, z) == MemberState::kLeft; }, base::seconds(2)));
}

TEST(Membership, WhoIsToldThatItLeftContradicts) {
  Mesh mesh(15);
  std::size_t a = mesh.add();
  std::size_t z = mesh.add({a});
  mesh.run(base::seconds(1));
  MemberRecord self = mesh.node(z).members(mesh.now())[0].record;
  // An old record of z. A member that has not heard of z's return may still send it.
  mesh.leave(z);
  mesh.run(base::millis(100));
  mesh.cut_both(a, z);
  mesh.rejoin(z);
  mesh.run(base::seconds(10));
  ASSERT_EQ(mesh.state_of(a, z), MemberState::kLeft);

  mesh.heal();
  bool back =
      mesh.run_until([&] { return mesh.state_of(a, z) == MemberState::kAlive; }, base::seconds(10));

  EXPECT_TRUE(back);
  EXPECT_GT(mesh.node(z).members(mesh.now())[0].record.incarnation, self.incarnation);
}

TEST(Membership, FurtherMembersAreRefusedAndTheLostGiveWay) {
  Options small;
  small.members_max = 3;
  Mesh mesh(16);
  std::size_t a = mesh.add({}, small);
  std::size_t z = mesh.add({a});
  for (int i = 0; i < 4; ++i) mesh.add({a});
  mesh.run(base::seconds(3));
  EXPECT_EQ(mesh.node(a).members(mesh.now()).size(), 4u);
  EXPECT_GT(mesh.node(a).stats().members_refused, 0u);

  mesh.leave(z);
  mesh.run(base::seconds(30));

  EXPECT_EQ(mesh.node(a).members(mesh.now()).size(), 4u);
  for (const MemberView& view : mesh.node(a).members(mesh.now())) {
    EXPECT_EQ(view.record.state, MemberState::kAlive);
  }
}

TEST(Membership, ItselfComesFirstAndRoundTripsAreMeasured) {
  Mesh mesh(17);
  mesh.faults.delay_min = base::millis(5);
  mesh.faults.delay_max = base::millis(5);
  std::size_t a = mesh.add();
  mesh.add({a});
  mesh.run(base::seconds(5));

  auto views = mesh.node(a).members(mesh.now());

  ASSERT_EQ(views.size(), 2u);
  EXPECT_EQ(views[0].record.node, mesh.host(a).identity.node);
  EXPECT_EQ(views[0].vector_lag, 0u);
  ASSERT_TRUE(views[1].rtt.has_value());
  EXPECT_EQ(views[1].rtt->millis(), 10);
  EXPECT_EQ(views[1].vector_lag, 0u);
}

TEST(Membership, WhoDoesNotKnowItsAddressIsWhereItSpeaksFrom) {
  Mesh mesh(18);
  std::size_t a = mesh.add();
  std::size_t z = mesh.add();
  mesh.crash(z);
  mesh.host(z).identity.advertised = *Address::parse("0.0.0.0:7700");
  mesh.start(z, {a});
  std::size_t m = mesh.add({a});

  ASSERT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(3)));
  EXPECT_EQ(mesh.state_of(m, z), MemberState::kAlive);
  mesh.run(base::seconds(20));
  EXPECT_EQ(mesh.host(m).downs, 0u);
}

TEST(News, IsToldALogarithmicNumberOfTimes) {
  News news;
  auto about = base::Random::from_number(1).id<base::NodeTag>();
  news.add(about);

  int told = 0;
  while (!news.take(5, 99).empty()) ++told;

  EXPECT_EQ(told, 12);
  for (std::size_t members : {1u, 5u, 9u, 10u, 99u, 100u, 10'000u}) {
    auto expected = 6 * std::max(1.0, std::ceil(std::log10(static_cast<double>(members) + 1)));
    EXPECT_EQ(retransmissions(members), static_cast<std::uint32_t>(expected)) << members;
  }
}

TEST(News, TheLeastToldGoesFirst) {
  auto random = base::Random::from_number(1);
  News news;
  auto old = random.id<base::NodeTag>();
  auto fresh = random.id<base::NodeTag>();
  news.add(old);
  news.take(1, 10);
  news.add(fresh);

  EXPECT_EQ(news.take(1, 10), std::vector<NodeId>{fresh});
}

// Bytes on the IP network: the sealed bytes and 28 bytes of headers for each datagram.
double idle_bytes_a_second(std::string_view profile, std::int64_t interval_millis) {
  Options options;
  options.profile = *profile_from_name(profile);
  Mesh mesh(20, options);
  std::size_t a = mesh.add();
  for (int i = 0; i < 29; ++i) mesh.add({a});
  mesh.write(a);  // the hash of an empty state is shorter
  mesh.run(base::millis(60 * interval_millis));
  std::uint64_t bytes = 0;
  mesh.tap = [&](const Captured& datagram) { bytes += datagram.bytes.size() + 28; };

  mesh.run(base::millis(120 * interval_millis));

  auto seconds = static_cast<double>(interval_millis) * 120 / 1'000;
  double each = static_cast<double>(bytes) / seconds / 30;
  printf("idle, %s: %.1f B/s sent by each of 30\n", std::string(profile).c_str(), each);
  return each;
}

TEST(Idle, TrafficOfThirtyStaysWithinItsAims) {
  EXPECT_LE(idle_bytes_a_second("local", 200), 1'050);
  EXPECT_LE(idle_bytes_a_second("lan", 500), 420);
  EXPECT_LE(idle_bytes_a_second("wan", 1'500), 140);
  EXPECT_LE(idle_bytes_a_second("edge", 5'000), 41);
}

}  // namespace
}  // namespace gossip::testing
