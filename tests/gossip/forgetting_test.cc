// Which members a node forgets at once, and which records it takes from others. Tests over weeks
// are in forgetting_weeks_test.cc.

#include <gtest/gtest.h>

#include "gossip/swim/membership.h"
#include "tests/gossip/mesh.h"

namespace gossip::testing {
namespace {

std::size_t known(Mesh& mesh, std::size_t by) { return mesh.node(by).members(mesh.now()).size(); }

// A container without a volume is a new node at each start, with the same name and the same
// address.
TEST(Forgetting, WhoIsReplacedAtItsAddressIsForgottenAtOnce) {
  for (bool clean : {false, true}) {
    Mesh mesh(3);
    for (int i = 0; i < 3; ++i)
      mesh.add(i == 0 ? std::vector<std::size_t>{} : std::vector<std::size_t>{0});
    mesh.run(base::seconds(3));
    auto random = base::Random::from_number(7);
    for (int start = 0; start < 15; ++start) {
      if (clean) mesh.leave(2);
      mesh.run(base::millis(500));
      mesh.crash(2);
      mesh.host(2).identity.node = random.id<base::NodeTag>();
      mesh.start(2, {0});
      mesh.run(base::seconds(4));
    }
    mesh.run(base::seconds(15));

    EXPECT_TRUE(mesh.acquainted()) << clean;
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(known(mesh, i), 3u) << clean << i;
  }
}

TEST(Forgetting, AnotherNameOrAnotherAddressReplacesNobody) {
  Mesh mesh(4);
  for (int i = 0; i < 4; ++i)
    mesh.add(i == 0 ? std::vector<std::size_t>{} : std::vector<std::size_t>{0});
  mesh.run(base::seconds(3));
  mesh.crash(2);
  mesh.crash(3);
  auto random = base::Random::from_number(7);
  mesh.host(2).identity.node = random.id<base::NodeTag>();
  mesh.host(2).identity.name = "another";
  mesh.start(2, {0});
  std::size_t namesake = mesh.add({0});
  mesh.crash(namesake);
  mesh.host(namesake).identity.node = random.id<base::NodeTag>();
  mesh.host(namesake).identity.name = "n3";
  mesh.start(namesake, {0});
  mesh.run(base::seconds(60));

  EXPECT_GE(known(mesh, 0), 6u);
  EXPECT_EQ(mesh.state_of(0, 3), MemberState::kDead);
}

// If agents took records of dead members that they did not know, a member that one agent has
// forgotten would come back from another, and agents would pass it to each other for ever.
TEST(Forgetting, OfTheDeadOnlyThoseThatKnewThemKeepAnything) {
  Mesh mesh(5);
  for (int i = 0; i < 4; ++i)
    mesh.add(i == 0 ? std::vector<std::size_t>{} : std::vector<std::size_t>{0});
  mesh.run(base::seconds(3));
  mesh.crash(2);
  mesh.leave(3);
  mesh.run(base::seconds(10));
  mesh.crash(3);

  std::size_t joiner = mesh.add({0});
  mesh.run(base::seconds(20));

  EXPECT_EQ(known(mesh, 0), 5u);
  EXPECT_EQ(known(mesh, joiner), 3u);
  mesh.start(2, {0});
  EXPECT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(10)));
}

TEST(Hearing, SaysWhetherAnybodyIsHeard) {
  Mesh mesh(6);
  mesh.add();
  EXPECT_FALSE(mesh.node(0).hearing().met);
  EXPECT_EQ(mesh.node(0).hearing().others, 0u);
  mesh.add({0});
  mesh.run(base::seconds(2));

  EXPECT_TRUE(mesh.node(0).hearing().met);
  EXPECT_LT(mesh.now().instant - mesh.node(0).hearing().since, base::seconds(1));
  EXPECT_TRUE(mesh.node(1).let_in_by(Mesh::address(0)));
  EXPECT_TRUE(mesh.node(0).members(mesh.now())[1].met);
  base::Instant before = mesh.now().instant;
  mesh.crash(1);
  mesh.run(base::seconds(20));
  EXPECT_LT(mesh.node(0).hearing().since, before + base::millis(10));
  EXPECT_EQ(mesh.node(0).hearing().others, 1u);
  EXPECT_EQ(mesh.node(0).hearing().left, 0u);
}

TEST(Hearing, MembersThatHaveLeftAreCounted) {
  Mesh mesh(6);
  mesh.add();
  mesh.add({0});
  mesh.run(base::seconds(2));

  mesh.leave(1);
  mesh.run(base::seconds(2));

  EXPECT_EQ(mesh.node(0).hearing().others, 0u);
  EXPECT_EQ(mesh.node(0).hearing().left, 1u);
}

TEST(Hearing, WhoIsOnlyRememberedWasNotHeard) {
  Mesh mesh(7);
  mesh.add();
  mesh.add({0});
  mesh.run(base::seconds(2));
  auto memory = mesh.node(1).memory(mesh.now());
  mesh.crash(0);
  mesh.crash(1);
  mesh.start(1);
  mesh.remember(1, memory);
  mesh.run(base::seconds(3));

  MemberView view = mesh.node(1).members(mesh.now())[1];
  EXPECT_TRUE(view.remembered());
  EXPECT_FALSE(view.met);
  EXPECT_FALSE(mesh.node(1).hearing().met);
  EXPECT_EQ(mesh.node(1).hearing().others, 1u);
}

TEST(Hearing, ChangesThatWeLackAreCounted) {
  Pair pair(8);
  pair.mesh.faults.sessions_blocked = true;
  for (int i = 0; i < 3; ++i) pair.mesh.write(Pair::a, 4'000);  // too large for a datagram
  pair.mesh.run(base::seconds(1));
  pair.mesh.faults.sessions_blocked = false;
  auto behind = [&](std::uint64_t changes) {
    auto holds = [&] {
      return pair.mesh.node(Pair::z).members(pair.mesh.now())[1].behind == changes;
    };
    return pair.mesh.run_until(holds, base::seconds(20));
  };

  EXPECT_TRUE(behind(3));
  EXPECT_TRUE(behind(0));
  EXPECT_TRUE(pair.mesh.converged());
}

// Two nodes on one link. Their advertised addresses have a meaning only together with a network
// interface of the receiver.
class OnALink : public ::testing::Test {
 protected:
  static std::unique_ptr<Node> make(int number, const Address& advertised) {
    Identity identity;
    identity.node.bytes[0] = static_cast<unsigned char>(number);
    identity.name = "n" + std::to_string(number);
    identity.advertised = advertised;
    identity.key = Mesh::key();
    identity.boot_epoch = 1;
    return std::make_unique<Node>(identity, Options{}, Holdings{},
                                  base::Random::from_number(static_cast<std::uint64_t>(number)));
  }
  base::Now now() const { return {now_, 0, false}; }
  // Delivers datagrams in both directions for a while. `a_seen` and `z_seen` are the addresses that
  // the other node sees.
  void run(Node& a, const Address& a_seen, Node& z, const Address& z_seen) {
    for (int step = 0; step < 200; ++step) {
      now_ = now_ + base::millis(20);
      Actions of_a = std::move(waiting_);
      Actions of_z;
      waiting_ = {};
      a.advance(now(), of_a);
      for (const Action& action : of_a) {
        const auto* sent = std::get_if<SendDatagram>(&action);
        if (sent && sent->to == z_seen) z.receive(now(), a_seen, sent->bytes, of_z);
      }
      z.advance(now(), of_z);
      for (const Action& action : of_z) {
        const auto* sent = std::get_if<SendDatagram>(&action);
        if (sent && sent->to == a_seen) a.receive(now(), z_seen, sent->bytes, waiting_);
      }
    }
  }
  base::Instant now_{1'000'000'000};
  Actions waiting_;
};

TEST_F(OnALink, AMemberIsOnTheInterfaceWhereItWasHeard) {
  Address a_seen = *Address::parse("[fe80::1%7]:7700");
  Address z_seen = *Address::parse("[fe80::2%7]:7700");
  auto a = make(1, a_seen.without_scope());
  auto z = make(2, z_seen.without_scope());

  a->seeds(now(), {z_seen}, waiting_);
  run(*a, a_seen, *z, z_seen);

  ASSERT_EQ(a->members(now()).size(), 2u);
  EXPECT_EQ(a->members(now())[1].record.address, z_seen);
  EXPECT_EQ(z->members(now())[1].record.address, a_seen);
  EXPECT_EQ(a->members(now())[1].record.state, MemberState::kAlive);
  // The interface is not sent to others: the first record is the one that we send of ourselves.
  EXPECT_EQ(a->members(now())[0].record.address.scope, 0u);
}

// A member has a link-local address, but its datagrams come over another path. The address from
// which they come is used.
TEST_F(OnALink, ALinkLocalAddressFromElsewhereIsNotUsed) {
  Address a_seen = *Address::parse("10.0.0.1:7700");
  Address z_seen = *Address::parse("10.0.0.2:7700");
  auto a = make(1, *Address::parse("[fe80::1]:7700"));
  auto z = make(2, z_seen);

  a->seeds(now(), {z_seen}, waiting_);
  run(*a, a_seen, *z, z_seen);

  EXPECT_EQ(z->members(now())[1].record.address, a_seen);
}

}  // namespace
}  // namespace gossip::testing
