// Members that do not exist, named by a member that then goes away, and members that all end at the
// same time. Neither may delay a write.

#include <gtest/gtest.h>

#include "gossip/spread/watch.h"
#include "gossip/swim/greetings.h"
#include "gossip/swim/hearsay.h"
#include "gossip/swim/turns.h"
#include "tests/gossip/liar.h"

namespace gossip::testing {
namespace {

constexpr std::uint64_t kGhosts = 10'000;

MemberRecord ghost(std::uint64_t number, MemberState state = MemberState::kAlive) {
  auto address = *Address::parse("10.99." + std::to_string(number / 250) + "." +
                                 std::to_string(number % 250 + 1) + ":7700");
  auto node = base::Random::from_number(0xF0'0000 + number).id<base::NodeTag>();
  return {node, "g", address, 1 << 16, state, Topology::kDirect};
}

Options with(Topology topology) {
  Options options;
  options.topology = topology;
  return options;
}

// A member joins `host`, names the ghosts to it, and goes away.
void name_ghosts(Mesh& mesh, std::size_t host, MemberState state = MemberState::kAlive) {
  Liar liar(mesh, host, base::Random::from_number(7).id<base::NodeTag>());
  liar.say({wire::Join{liar.self()}});
  for (std::uint64_t i = 0; i < kGhosts; i += 10) {
    std::vector<MemberRecord> records;
    for (std::uint64_t j = i; j < i + 10; ++j) records.push_back(ghost(j, state));
    // Every second message is news, which `host` passes on. The others are tables of members.
    if (i % 20 == 0) {
      liar.say({wire::Ack{0, {}, 0, records}});
    } else {
      liar.say({wire::Members{records}});
    }
  }
}

bool all_have(Mesh& mesh, std::size_t changes) {
  for (std::size_t i = 0; i < mesh.size(); ++i) {
    if (mesh.host(i).node != nullptr && mesh.host(i).replica->size() < changes) return false;
  }
  return true;
}

std::size_t alive_in(Mesh& mesh, std::size_t host) {
  std::size_t alive = 0;
  for (const MemberView& view : mesh.node(host).members(mesh.now())) {
    alive += view.record.state == MemberState::kAlive || view.record.state == MemberState::kSuspect;
  }
  return alive;
}

class Ghosts : public ::testing::TestWithParam<Topology> {};
INSTANTIATE_TEST_SUITE_P(Topologies, Ghosts,
                         ::testing::Values(Topology::kDirect, Topology::kPushPull));

TEST_P(Ghosts, KeepNoWriteFromTheLiving) {
  Mesh mesh(1, with(GetParam()));
  mesh.add();
  for (int i = 1; i < 6; ++i) mesh.add({0});
  mesh.run(base::seconds(3));
  for (std::size_t host : {0u, 1u, 2u, 3u, 4u, 5u}) name_ghosts(mesh, host);
  ASSERT_GT(alive_in(mesh, 0), 5'000u);

  for (std::size_t n = 1; n <= 12; ++n) {
    mesh.write(n % 6, n % 3 == 0 ? 5'000 : 20);
    EXPECT_TRUE(mesh.run_until([&] { return all_have(mesh, n); }, base::seconds(1))) << n;
    mesh.run(base::millis(700));
  }
  EXPECT_TRUE(mesh.acquainted());

  // A new agent joins at once, and nobody tells it of a ghost.
  std::size_t late = mesh.add({0});
  EXPECT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(2)));
  EXPECT_LE(mesh.node(late).members(mesh.now()).size(), 8u);
  mesh.write(late);
  EXPECT_TRUE(mesh.run_until([&] { return all_have(mesh, 13); }, base::seconds(1)));
}

TEST(Ghosts, AreNamedToNobodyElseCostABoundedRateAndGoAway) {
  Mesh mesh(2, with(Topology::kPushPull));
  mesh.add();
  for (int i = 1; i < 4; ++i) mesh.add({0});
  mesh.run(base::seconds(3));
  std::size_t downs = mesh.host(0).downs;
  name_ghosts(mesh, 0);
  mesh.run(base::seconds(5));

  std::uint64_t before = mesh.node(0).stats().pings_sent;
  mesh.run(base::seconds(20));
  std::uint64_t pings = mesh.node(0).stats().pings_sent - before;
  for (std::size_t i = 1; i < 4; ++i) EXPECT_LE(mesh.node(i).members(mesh.now()).size(), 6u);
  EXPECT_LE(pings, 20 * (2 * kHearsayOpen + 20));
  EXPECT_GT(pings, 20 * kHearsayOpen);  // but it does ping the ghosts

  mesh.run(base::seconds(600));
  EXPECT_EQ(alive_in(mesh, 0), 4u);
  EXPECT_GT(mesh.node(0).stats().hearsay_expired, kGhosts * 9 / 10);
  EXPECT_LE(mesh.host(0).downs - downs, 1u);  // at most the liar itself
  EXPECT_LE(mesh.node(0).memory(mesh.now()).size(), 5u);
  before = mesh.node(0).stats().pings_sent;
  mesh.run(base::seconds(20));
  EXPECT_LE(mesh.node(0).stats().pings_sent - before, 20u * 6);
  EXPECT_TRUE(mesh.acquainted());
}

// A suspected member gets up to eight pings before it is dead. Ghosts must not get them.
TEST(Ghosts, UnderSuspicionCostNoMore) {
  Mesh mesh(3, with(Topology::kPushPull));
  mesh.add();
  for (int i = 1; i < 4; ++i) mesh.add({0});
  mesh.run(base::seconds(3));
  std::uint64_t before = mesh.node(0).stats().pings_sent;

  name_ghosts(mesh, 0, MemberState::kSuspect);
  mesh.run(base::seconds(20));

  EXPECT_LE(mesh.node(0).stats().pings_sent - before, 20 * (2 * kHearsayOpen + 20));
  mesh.run(base::seconds(20));  // until the liar is dead as well
  EXPECT_EQ(alive_in(mesh, 0), 4u);
}

// Hosts 0 and 3 cannot hear each other. The other members hear both, so both stay members.
TEST(Ghosts, AMemberThatOnlyOthersHearIsNone) {
  Mesh mesh(4, with(Topology::kPushPull));
  for (int i = 0; i < 4; ++i)
    mesh.add(i == 0 ? std::vector<std::size_t>{} : std::vector<std::size_t>{0});
  mesh.cut_both(0, 3);
  mesh.crash(3);
  mesh.run(base::seconds(20));
  mesh.start(3, {1});

  auto known = [&] {
    return mesh.state_of(0, 3) == MemberState::kAlive &&
           mesh.host(0).up[mesh.host(3).identity.node];
  };
  EXPECT_TRUE(mesh.run_until(known, base::seconds(20)));
  mesh.run(base::seconds(60));
  EXPECT_TRUE(known());
}

// Nine of ten members end at the same time, and no member has noticed it yet.
class MostAreGone : public ::testing::TestWithParam<std::tuple<Topology, std::size_t>> {};
INSTANTIATE_TEST_SUITE_P(All, MostAreGone,
                         ::testing::Combine(::testing::Values(Topology::kDirect,
                                                              Topology::kPushPull),
                                            ::testing::Values(20u, 5'000u)));

TEST_P(MostAreGone, AWriteReachesTheOthersWithinASecond) {
  auto [topology, bytes] = GetParam();
  Mesh mesh(5, with(topology));
  mesh.add();
  for (int i = 1; i < 100; ++i) mesh.add({0});
  ASSERT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(30)));
  mesh.run(base::seconds(5));
  std::size_t n = 0;
  for (std::size_t i = 0; i < 100; ++i) {
    if (i % 10 != 3) mesh.crash(i);
  }

  // One write at once, some while the others find out who is gone, and one when they know it.
  for (std::int64_t millis : {0, 300, 1'000, 3'000, 10'000}) {
    mesh.run(base::millis(millis));
    mesh.write(10 * (n % 10) + 3, bytes);
    ++n;
    EXPECT_TRUE(mesh.run_until([&] { return all_have(mesh, n); }, base::seconds(1))) << millis;
  }
}

// --- the parts -----------------------------------------------------------------------------------

struct Watching {
  explicit Watching(std::size_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      std::optional<MemberRecord> evicted;
      members.insert(now, ghost(i), true, evicted);
    }
    now = now + base::seconds(1);
  }
  PushPlan plan(std::size_t targets) {
    PushPlan out{{{"push", 1, true}}, {}};
    for (std::size_t i = 0; i < targets; ++i) {
      NodeId node = members.living()[i];
      out.targets.push_back({members.address_of(node), node});
    }
    return out;
  }
  base::Instant now{1'000'000'000};
  Profile profile = *profile_from_name("lan");
  MemberTable members{1'000};
  PushWatch watch{profile};
};

TEST(PushWatch, GivesToAsManyAgainUntilMostOfThemAreHeard) {
  Watching all(100);
  all.watch.add(all.now, all.plan(4));
  std::size_t tried = 4;
  std::vector<NodeId> last;

  for (std::size_t wave : {4u, 8u, 16u, 32u, 36u}) {
    all.now = all.now + all.profile.ping_timeout;
    EXPECT_EQ(all.watch.next_deadline(), all.now);
    auto plans = all.watch.due(all.now, all.members);
    ASSERT_EQ(plans.size(), 1u);
    EXPECT_EQ(plans[0].targets.size(), wave);
    tried += wave;
  }
  EXPECT_EQ(tried, 100u);
  all.now = all.now + all.profile.ping_timeout;
  EXPECT_TRUE(all.watch.due(all.now, all.members).empty());
  EXPECT_EQ(all.watch.next_deadline(), base::Instant::never());
}

TEST(PushWatch, IsContentWithThreeOfFour) {
  Watching all(100);
  PushPlan plan = all.plan(4);
  all.watch.add(all.now, plan);
  for (std::size_t i = 0; i < 3; ++i) {
    all.members.heard(all.now + base::millis(1), *all.members.find(*plan.targets[i].node));
  }

  EXPECT_TRUE(all.watch.due(all.now + all.profile.ping_timeout, all.members).empty());
  EXPECT_EQ(all.watch.next_deadline(), base::Instant::never());
}

TEST(PushWatch, IsBounded) {
  Watching all(100);
  std::size_t added = 0;
  for (int i = 0; i < 100; ++i) {
    added += all.watch.add(all.now, all.plan(4)) ? 1 : 0;
    all.now = all.now + all.profile.ping_timeout;
  }
  EXPECT_EQ(added, kWatchedMax);

  Watching large(100);
  PushPlan plan = large.plan(4);
  plan.batches[0].message.resize(kWatchedBytesMax + 1);
  EXPECT_FALSE(large.watch.add(large.now, plan));
}

TEST(Hearsay, IsAskedForAtABoundedRateTwiceAndThenGivenUp) {
  Profile profile = *profile_from_name("lan");
  Hearsay hearsay(profile);
  base::Instant now{1'000'000'000};
  for (std::uint64_t i = 0; i < 100; ++i) hearsay.add(now, ghost(i).node);
  std::size_t asked = 0;
  std::set<NodeId> gone;
  for (int interval = 0; interval < 20; ++interval) {
    now = now + profile.ping_interval;
    for (const NodeId& node : hearsay.expired(now)) gone.insert(node);
    auto due = hearsay.due(now);
    EXPECT_LE(due.size(), kHearsayAsked);
    for (const NodeId& node : due) {
      auto token = static_cast<std::uint16_t>(++asked);
      hearsay.asked(now, node, token);
      EXPECT_EQ(hearsay.vouched(token), node);
      if (node == ghost(5).node) hearsay.drop(node);
    }
  }

  EXPECT_EQ(asked, 2 * 99u + 1);
  EXPECT_EQ(gone.size(), 99u);
  EXPECT_FALSE(gone.contains(ghost(5).node));
  EXPECT_EQ(hearsay.size(), 0u);
}

TEST(Turns, TheRingHoldsNobodyKnownFromOthersOnly) {
  MemberTable table(1'000);
  std::optional<MemberRecord> evicted;
  base::Instant now{1'000'000'000};
  for (std::uint64_t i = 0; i < 500; ++i) table.insert(now, ghost(i), i < 3, evicted);
  Turns turns(NodeId{}, table, base::Random::from_number(4));
  std::size_t met = 0;
  std::set<NodeId> others;

  for (int i = 0; i < 800; ++i) {
    NodeId node = *turns.next();
    if (table.find(node)->met()) {
      ++met;
    } else {
      others.insert(node);
    }
  }

  EXPECT_EQ(met, 700u);
  EXPECT_EQ(others.size(), 100u);
}

}  // namespace
}  // namespace gossip::testing
