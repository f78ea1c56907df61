#include <gtest/gtest.h>

#include <map>

#include "gossip/spread/direct.h"
#include "gossip/spread/push_pull.h"
#include "tests/gossip/changes.h"
#include "tests/gossip/mesh.h"

namespace gossip::testing {
namespace {

// Other members: the agent has heard them itself, or knows them only from others.
struct Others {
  explicit Others(std::size_t count, bool heard = true) { add(count, heard); }
  void add(std::size_t count, bool heard) {
    for (std::size_t i = 0; i < count; ++i) {
      MemberRecord record;
      record.node = random.id<base::NodeTag>();
      record.address = Mesh::address(i);
      record.incarnation = 1;
      std::optional<MemberRecord> evicted;
      members.insert(base::Instant{}, record, heard, evicted);
      nodes.insert(record.node);
    }
  }
  Recipients recipients() const { return Recipients(members); }
  NodeId next_after(const NodeId& self) const {
    auto next = nodes.upper_bound(self);
    return next == nodes.end() ? *nodes.begin() : *next;
  }
  base::Random random = base::Random::from_number(5);
  MemberTable members{20'000};
  std::set<NodeId> nodes;
  base::ActorId actor = random.id<base::ActorTag>();
};

TEST(Direct, PacksSmallChangesAndSendsLargeOnesOverSessions) {
  auto random = base::Random::from_number(1);
  auto actor = random.id<base::ActorTag>();
  std::vector<crdt::SealedChange> own;
  for (std::uint64_t seq = 1; seq <= 10; ++seq) own.push_back(change_of(actor, seq));
  own.push_back(change_of(actor, 11, {}, 5'000));
  Others others(3);
  Direct direct(1'100);

  PushPlan plan = direct.originate(own, others.recipients());

  ASSERT_EQ(plan.targets.size(), 3u);
  std::size_t small = 0;
  for (const PushBatch& batch : plan.batches) {
    EXPECT_LE(batch.fits_datagram ? batch.message.size() : 0, 1'100u);
    small += batch.fits_datagram ? batch.changes : 0;
  }
  EXPECT_EQ(small, 10u);
  EXPECT_LE(plan.batches.size(), 3u);
  EXPECT_FALSE(plan.batches.back().fits_datagram);
}

TEST(Direct, EveryChangeSizeAroundTheLimitIsSent) {
  auto random = base::Random::from_number(1);
  auto actor = random.id<base::ActorTag>();
  Direct direct(1'100);
  for (std::size_t bytes = 900; bytes < 1'200; ++bytes) {
    PushPlan plan = direct.originate({change_of(actor, 1, {}, bytes)}, Others(0).recipients());

    ASSERT_EQ(plan.batches.size(), 1u);
    EXPECT_EQ(plan.batches[0].changes, 1u);
    EXPECT_LE(plan.batches[0].fits_datagram ? plan.batches[0].message.size() : 0, 1'100u);
  }
}

TEST(Direct, ManySmallChangesGoOverSessions) {
  auto random = base::Random::from_number(1);
  auto actor = random.id<base::ActorTag>();
  std::vector<crdt::SealedChange> own;
  for (std::uint64_t seq = 1; seq <= 20'000; ++seq) own.push_back(change_of(actor, seq));
  Direct direct(1'100);

  PushPlan plan = direct.originate(own, Others(0).recipients());

  std::size_t changes = 0;
  for (const PushBatch& batch : plan.batches) {
    EXPECT_FALSE(batch.fits_datagram);
    EXPECT_LE(batch.message.size(), kPushFrameBytes);
    changes += batch.changes;
    EXPECT_TRUE(wire::decode(batch.message).ok());
  }
  EXPECT_EQ(changes, own.size());
}

TEST(Strategy, ThereIsOneForEveryTopologyThatIsNamed) {
  for (Topology topology :
       {Topology::kDirect, Topology::kPushPull, Topology::kGossip, Topology::kTree}) {
    Options options;
    options.topology = topology;
    auto strategy = make_strategy({}, options, 1'000, base::Random::from_number(1));

    EXPECT_EQ(strategy != nullptr, has_strategy(topology)) << topology_name(topology);
    bool named = topology_names().find(topology_name(topology)) != std::string_view::npos;
    EXPECT_EQ(named, has_strategy(topology)) << topology_name(topology);
  }
}

// --- push-pull: who gets a push ------------------------------------------------------------------

std::set<NodeId> nodes_of(const std::vector<Target>& targets) {
  std::set<NodeId> nodes;
  for (const Target& target : targets) nodes.insert(*target.node);
  EXPECT_EQ(nodes.size(), targets.size());  // no member gets two
  return nodes;
}

TEST(PushPull, OriginPushesToTheNextOnTheRingAndAFewByChance) {
  Others others(40);
  std::map<NodeId, int> chosen;
  for (int i = 0; i < 2'000; ++i) {
    auto self = others.random.id<base::NodeTag>();
    PushPull push_pull(self, {}, 1'100, others.random.fork());

    PushPlan plan = push_pull.originate({change_of(others.actor, 1)}, others.recipients());

    auto nodes = nodes_of(plan.targets);
    EXPECT_EQ(nodes.size(), 4u);
    EXPECT_TRUE(nodes.contains(others.next_after(self)));
    for (const NodeId& node : nodes) chosen[node] += node != others.next_after(self);
  }
  // 6,000 draws among 40 members: about 150 for each.
  ASSERT_EQ(chosen.size(), 40u);
  for (const auto& [node, times] : chosen) EXPECT_NEAR(times, 150, 60);
}

TEST(PushPull, ARelayNeverGoesBackToItsGiver) {
  for (std::size_t count = 1; count < 9; ++count) {
    Others others(count);
    for (const NodeId& giver : others.nodes) {
      for (int i = 0; i < 20; ++i) {
        auto self = others.random.id<base::NodeTag>();
        PushPull push_pull(self, {}, 1'100, others.random.fork());
        auto change = change_of(others.actor, 1);

        PushPlan plan = push_pull.relay({&change}, giver, others.recipients());

        auto nodes = nodes_of(plan.targets);
        EXPECT_FALSE(nodes.contains(giver));
        EXPECT_EQ(nodes.size(), std::min<std::size_t>(4, count - 1));
        bool given = others.next_after(self) == giver;
        EXPECT_TRUE(given || nodes.contains(others.next_after(self)));
      }
    }
  }
}

TEST(PushPull, NobodyElseMeansNothingToSend) {
  PushPull push_pull({}, {}, 1'100, base::Random::from_number(1));
  auto change = change_of({}, 1);

  EXPECT_TRUE(push_pull.originate({change}, Others(0).recipients()).targets.empty());
  EXPECT_TRUE(push_pull.relay({&change}, {}, Others(0).recipients()).targets.empty());
}

TEST(PushPull, RelaysNoChangeTwice) {
  Others others(10);
  PushPull push_pull({}, {}, 1'100, others.random.fork());
  auto one = change_of(others.actor, 1);
  auto two = change_of(others.actor, 2);
  auto fork = change_of(others.actor, 2, {}, 9);  // another content under this number is a proof

  auto changes_in = [&](std::vector<const crdt::SealedChange*> fresh) {
    PushPlan plan = push_pull.relay(fresh, *others.nodes.begin(), others.recipients());
    std::size_t changes = 0;
    for (const PushBatch& batch : plan.batches) changes += batch.changes;
    return changes;
  };

  EXPECT_EQ(changes_in({&one}), 1u);
  EXPECT_EQ(changes_in({&one, &two}), 1u);
  EXPECT_EQ(changes_in({&two, &one}), 0u);
  EXPECT_EQ(changes_in({&fork}), 1u);
}

TEST(PushPull, WhatItRemembersIsBounded) {
  Others others(3);
  PushPull push_pull({}, {}, 1'100, others.random.fork());
  std::vector<crdt::SealedChange> changes;
  for (std::uint64_t seq = 1; seq <= kRelayedMax + 1; ++seq) {
    changes.push_back({"x", 1, others.actor, seq});
  }
  auto relayed = [&](const crdt::SealedChange& change) {
    return !push_pull.relay({&change}, {}, others.recipients()).batches.empty();
  };
  for (const auto& change : changes) EXPECT_TRUE(relayed(change));

  EXPECT_FALSE(relayed(changes.back()));
  EXPECT_FALSE(relayed(changes[1]));
  EXPECT_TRUE(relayed(changes[0]));  // the oldest entry was dropped from the memory
}

// --- push-pull: in a mesh ------------------------------------------------------------------------

Options with(Topology topology) {
  Options options;
  options.topology = topology;
  return options;
}

// Members that know each other. `of` gives the topology of each.
std::unique_ptr<Mesh> acquainted_mesh(std::uint64_t seed, std::size_t count,
                                      const std::function<Topology(std::size_t)>& of) {
  auto mesh = std::make_unique<Mesh>(seed);
  for (std::size_t i = 0; i < count; ++i) {
    mesh->add(i == 0 ? std::vector<std::size_t>{} : std::vector<std::size_t>{0}, with(of(i)));
  }
  EXPECT_TRUE(mesh->run_until([&] { return mesh->acquainted(); }, base::seconds(20)));
  mesh->run(base::seconds(2));
  return mesh;
}

std::uint64_t sum(Mesh& mesh, std::uint64_t Stats::*counter) {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < mesh.size(); ++i) {
    if (mesh.host(i).node != nullptr) all += mesh.node(i).stats().*counter;
  }
  return all;
}

std::size_t holders(Mesh& mesh) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < mesh.size(); ++i) {
    count += mesh.host(i).replica->size() == 1;
  }
  return count;
}

class PushPullSeeds : public ::testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, PushPullSeeds, ::testing::Range<std::uint64_t>(0, 25));

// Each member relays to the next member on the ring of node ids, too. So the push also reaches the
// members that were not drawn, and without loss no pull is needed. Every member relays once.
TEST_P(PushPullSeeds, WithoutLossPushesAloneReachAll) {
  auto mesh = acquainted_mesh(GetParam(), 30, [](std::size_t) { return Topology::kPushPull; });

  mesh->write(GetParam() % mesh->size());
  bool all = mesh->run_until([&] { return holders(*mesh) == 30; }, base::millis(40));
  mesh->run(base::seconds(5));

  EXPECT_TRUE(all);
  EXPECT_EQ(sum(*mesh, &Stats::pushes_sent), 4u);
  EXPECT_EQ(sum(*mesh, &Stats::pushes_relayed), 29u * 4);
  EXPECT_EQ(sum(*mesh, &Stats::changes_received), 30u * 4);
  EXPECT_EQ(sum(*mesh, &Stats::changes_duplicate), 30u * 4 - 29);
  EXPECT_EQ(sum(*mesh, &Stats::ranges_served), 0u);
}

TEST_P(PushPullSeeds, WhatRelaysLoseIsPulledOrPushedAgain) {
  auto mesh = acquainted_mesh(GetParam(), 20, [](std::size_t) { return Topology::kPushPull; });
  mesh->faults.loss_percent = 60;

  mesh->write(GetParam() % mesh->size());
  mesh->run(base::millis(40));
  std::size_t pushed = holders(*mesh);
  mesh->faults.loss_percent = 0;
  bool repaired = mesh->run_until([&] { return holders(*mesh) == 20; }, base::seconds(3));

  EXPECT_TRUE(repaired) << "by push: " << pushed;
  EXPECT_TRUE(mesh->run_until([&] { return mesh->converged(); }, base::seconds(3)));
  std::uint64_t repairs = sum(*mesh, &Stats::ranges_served) + sum(*mesh, &Stats::pushes_repeated);
  EXPECT_TRUE(pushed == 20 || repairs > 0) << pushed;
}

// An agent relays as the message says, whatever its own topology is.
TEST_P(PushPullSeeds, TopologiesMixInOneMesh) {
  auto mesh = acquainted_mesh(GetParam(), 12, [](std::size_t index) {
    return index % 2 == 0 ? Topology::kPushPull : Topology::kDirect;
  });
  std::size_t push_pull = 2 * (GetParam() % 6);
  std::size_t direct = 1 + 2 * (GetParam() % 6);

  mesh->write(push_pull);
  EXPECT_TRUE(mesh->run_until([&] { return holders(*mesh) == 12; }, base::millis(40)));
  mesh->run(base::seconds(1));
  EXPECT_EQ(mesh->node(push_pull).stats().pushes_sent, 4u);
  EXPECT_EQ(sum(*mesh, &Stats::pushes_relayed), 11u * 4);

  mesh->write(direct);
  EXPECT_TRUE(mesh->run_until([&] { return mesh->converged(); }, base::millis(40)));
  mesh->run(base::seconds(1));
  EXPECT_EQ(mesh->node(direct).stats().pushes_sent, 11u);
  EXPECT_EQ(sum(*mesh, &Stats::pushes_relayed), 11u * 4);  // no relays have been added
}

TEST(PushPullMesh, TheTopologyChangesWhileItRunsAndOthersLearnOfIt) {
  auto mesh = acquainted_mesh(1, 8, [](std::size_t) { return Topology::kDirect; });
  mesh->write(3);
  mesh->run(base::seconds(1));
  ASSERT_EQ(mesh->node(3).stats().pushes_sent, 7u);

  mesh->node(3).topology(Topology::kPushPull);
  mesh->write(3);
  bool learned = mesh->run_until(
      [&] {
        std::size_t know = 0;
        for (std::size_t i = 0; i < mesh->size(); ++i) {
          for (const MemberView& view : mesh->node(i).members(mesh->now())) {
            bool changed = view.record.topology == Topology::kPushPull;
            know += changed && view.record.node == mesh->host(3).identity.node;
          }
        }
        return know == mesh->size();
      },
      base::seconds(20));

  EXPECT_TRUE(learned);
  mesh->run(base::seconds(1));  // news of the new topology may come before the commit
  EXPECT_EQ(mesh->node(3).stats().pushes_sent, 7u + 4u);
  EXPECT_TRUE(mesh->run_until([&] { return mesh->converged(); }, base::seconds(1)));
  EXPECT_EQ(mesh->host(3).downs, 0u);
}

// The predecessor of a change is lost everywhere. Replicas without room drop the change, so every
// copy of it is new to them. They must not relay each copy to four members again.
TEST(PushPullMesh, AChangeThatNobodyCanApplyDoesNotMultiply) {
  auto mesh = acquainted_mesh(1, 20, [](std::size_t) { return Topology::kPushPull; });
  auto random = base::Random::from_number(9);
  auto actor = random.id<base::ActorTag>();
  std::uint64_t before = sum(*mesh, &Stats::datagrams_sent);

  mesh->frame(1, 0, wire::Push{{change_of(actor, 2).bytes}, wire::Passing::kRelay});
  mesh->run(base::seconds(1));

  EXPECT_EQ(sum(*mesh, &Stats::pushes_relayed), 20u * 4);
  EXPECT_LT(sum(*mesh, &Stats::datagrams_sent) - before,
            20u * 4 + 20u * 40);  // pushes, and the pings of this time
}

TEST(PushPullMesh, APushThatIsNotToBePassedOnEndsWhereItArrives) {
  auto mesh = acquainted_mesh(1, 6, [](std::size_t) { return Topology::kPushPull; });
  auto random = base::Random::from_number(9);
  auto change = change_of(random.id<base::ActorTag>(), 1);

  mesh->frame(1, 0, wire::Push{{change.bytes}, wire::Passing::kNone});
  mesh->run(base::millis(20));

  EXPECT_EQ(holders(*mesh), 1u);
  EXPECT_EQ(sum(*mesh, &Stats::pushes_relayed), 0u);
}

TEST(PushPullMesh, NothingIsRelayedThatDoesNotOpen) {
  auto mesh = acquainted_mesh(1, 6, [](std::size_t) { return Topology::kPushPull; });

  mesh->frame(1, 0, wire::Push{{"rubbish"}, wire::Passing::kRelay});
  mesh->run(base::millis(20));

  EXPECT_EQ(mesh->node(0).stats().refused_content, 1u);
  EXPECT_EQ(sum(*mesh, &Stats::pushes_relayed), 0u);
}

// A large amount of changes reaches each member once by pull instead of four times by push.
TEST(PushPullMesh, AboveTheBoundAPushIsPulledInstead) {
  auto mesh = acquainted_mesh(1, 10, [](std::size_t) { return Topology::kPushPull; });
  Options options;

  mesh->write(0, options.relay_bytes_max + 1);
  EXPECT_TRUE(
      mesh->run_until([&] { return mesh->converged() && holders(*mesh) == 10; }, base::seconds(5)));

  EXPECT_EQ(sum(*mesh, &Stats::pushes_relayed), 0u);
  EXPECT_EQ(sum(*mesh, &Stats::relays_dropped), 4u);
  EXPECT_GT(sum(*mesh, &Stats::ranges_served), 0u);
}

TEST(PushPullMesh, WhoHasLeftRelaysNothing) {
  auto mesh = acquainted_mesh(1, 6, [](std::size_t) { return Topology::kPushPull; });
  auto random = base::Random::from_number(9);
  mesh->leave(0);

  mesh->frame(1, 0,
              wire::Push{{change_of(random.id<base::ActorTag>(), 1).bytes}, wire::Passing::kRelay});

  EXPECT_EQ(mesh->node(0).stats().pushes_relayed, 0u);
}

}  // namespace
}  // namespace gossip::testing
