// Where a client that comes with the position of another agent goes on. It may get changes again,
// and it misses none.

#include "gossip/reconcile/peer_positions.h"

#include <gtest/gtest.h>

#include "tests/gossip/mesh.h"

namespace gossip::testing {
namespace {

NodeId node_of(std::uint64_t number) {
  return *NodeId::from(base::Random::from_number(number).bytes(16));
}

TEST(PeerPositions, GiveThePairAtOrBelow) {
  PeerPositions positions;
  const NodeId peer = node_of(1);
  const std::string id = peer.short_hex();
  EXPECT_EQ(positions.ours(id, 100), std::nullopt);

  positions.same(peer, 10, 3);
  positions.same(peer, 20, 9);

  EXPECT_EQ(positions.ours(id, 9), std::nullopt);
  EXPECT_EQ(positions.ours(id, 10), 3u);
  EXPECT_EQ(positions.ours(id, 19), 3u);
  EXPECT_EQ(positions.ours(id, 500), 9u);
  EXPECT_EQ(positions.ours(node_of(2).short_hex(), 500), std::nullopt);
}

TEST(PeerPositions, AMessageThatComesLateChangesNothing) {
  PeerPositions positions;
  const NodeId peer = node_of(1);
  positions.same(peer, 20, 9);

  positions.same(peer, 10, 12);
  positions.same(peer, 30, 8);

  EXPECT_EQ(positions.ours(peer.short_hex(), 25), 9u);
  EXPECT_EQ(positions.ours(peer.short_hex(), 30), 9u);
  EXPECT_EQ(positions.ours(peer.short_hex(), 15), std::nullopt);
}

TEST(PeerPositions, TwoMembersWithOneShortIdHaveNone) {
  PeerPositions positions;
  NodeId one = node_of(1);
  NodeId other = one;
  other.bytes[15] = static_cast<unsigned char>(~other.bytes[15]);
  positions.same(one, 10, 3);
  positions.same(other, 10, 5);

  EXPECT_EQ(positions.ours(one.short_hex(), 10), std::nullopt);
}

TEST(PeerPositions, OfManyPairsTheNewAreCloseAndTheOldAreFar) {
  PeerPositions positions;
  const NodeId peer = node_of(1);
  constexpr std::uint64_t kNewest = 100'000;
  for (std::uint64_t i = 1; i <= kNewest; ++i) positions.same(peer, i, i);

  for (std::uint64_t age = 1; age < kNewest; age *= 3) {
    const auto ours = positions.ours(peer.short_hex(), kNewest - age);
    ASSERT_TRUE(ours) << age;
    EXPECT_LE(*ours, kNewest - age);
    EXPECT_LE(kNewest - *ours, 5 * age)
        << "a client that is " << age << " behind gets too much again";
  }
}

TEST(PeerPositions, TheMemberThatWasSilentLongestIsForgotten) {
  PeerPositions positions;
  for (std::uint64_t i = 0; i < kPositionPeersMax; ++i) positions.same(node_of(i), 10, i);
  positions.same(node_of(0), 11, 1);

  positions.same(node_of(kPositionPeersMax), 10, 7);

  EXPECT_TRUE(positions.ours(node_of(0).short_hex(), 11));
  EXPECT_FALSE(positions.ours(node_of(1).short_hex(), 10));
  EXPECT_TRUE(positions.ours(node_of(kPositionPeersMax).short_hex(), 10));
}

// --- Real nodes

// What each agent had at each of its positions.
class Course {
 public:
  explicit Course(std::uint64_t seed) : random_(base::Random::from_number(seed)), mesh_(seed) {
    mesh_.faults.loss_percent = static_cast<std::uint32_t>(random_.below(30));
    for (std::size_t i = 0; i < kHosts; ++i) {
      i == 0 ? mesh_.add() : mesh_.add({0});
      seen_.emplace_back();
    }
  }

  void run() {
    for (int i = 0; i < 150; ++i) {
      const auto host = static_cast<std::size_t>(random_.below(kHosts));
      const bool up = mesh_.host(host).node != nullptr;
      if (random_.chance(40)) {
        up ? mesh_.crash(host) : mesh_.start(host, {(host + 1) % kHosts});
      } else if (up && random_.chance(3)) {
        mesh_.write(host);
      }
      for (int part = 0; part < 10; ++part) {
        mesh_.run(base::millis(20));
        look();
      }
      check();
    }
    for (std::size_t i = 0; i < kHosts; ++i) {
      if (mesh_.host(i).node == nullptr) mesh_.start(i, {(i + 1) % kHosts});
    }
    mesh_.faults.loss_percent = 0;
    ASSERT_TRUE(mesh_.run_until([this] { return mesh_.converged(); }, base::seconds(120)));
  }

  // At rest everybody knows where the clients of everybody go on.
  void rest() {
    mesh_.write(0);
    mesh_.run(base::seconds(60));
    look();
    check();
    for (std::size_t here = 0; here < kHosts; ++here) {
      const std::uint64_t all = mesh_.host(here).replica->position();
      for (std::size_t there = 0; there < kHosts; ++there) {
        if (here == there) continue;
        EXPECT_EQ(ours(here, there, mesh_.host(there).replica->position()), all);
      }
    }
  }
  std::size_t answers() const { return answers_; }

 private:
  static constexpr std::size_t kHosts = 3;
  using Seen = std::map<std::uint64_t, crdt::VersionVector>;

  std::optional<std::uint64_t> ours(std::size_t here, std::size_t there, std::uint64_t position) {
    const std::string id = mesh_.host(there).identity.node.short_hex();
    return mesh_.node(here).position_here(id, position);
  }

  void look() {
    for (std::size_t i = 0; i < kHosts; ++i) {
      const ReplicaDouble& replica = *mesh_.host(i).replica;
      seen_[i][replica.position()] = replica.vector();
    }
  }

  // What a client has of the log of `there` up to a position, it has of our log up to the position
  // where it goes on.
  void check() {
    for (std::size_t here = 0; here < kHosts; ++here) {
      if (mesh_.host(here).node == nullptr) continue;
      for (std::size_t there = 0; there < kHosts; ++there) {
        if (here == there) continue;
        for (const auto& [position, has] : seen_[there]) {
          const auto from = ours(here, there, position);
          if (!from) continue;
          ++answers_;
          const auto known = seen_[here].find(*from);
          if (known == seen_[here].end()) continue;  // between two looks
          for (const auto& [actor, head] : known->second.entries()) {
            ASSERT_TRUE(has.covers(actor, head.seq))
                << "from " << there << " at " << position << " to " << here << " at " << *from;
          }
        }
      }
    }
  }

  base::Random random_;
  Mesh mesh_;
  std::vector<Seen> seen_;
  std::size_t answers_ = 0;
};

TEST(PeerPositions, AClientThatGoesToAnotherAgentMissesNothing) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Course course(seed);
    course.run();
    course.rest();
    EXPECT_GT(course.answers(), 100u);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace gossip::testing
