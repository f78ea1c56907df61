// How agents that start at the same time meet although datagrams are lost.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "tests/gossip/mesh.h"

namespace gossip::testing {
namespace {

Options edge() {
  Options options;
  options.profile = *profile_from_name("edge");
  return options;
}

// Numbers the datagrams from host `from` to host `to`, beginning with 1, and loses those whose
// number is in `lost`.
void lose(Mesh& mesh, std::size_t from, std::size_t to, std::set<int> lost) {
  auto count = std::make_shared<int>(0);
  mesh.tap = [&mesh, from, to, lost = std::move(lost), count](const Captured& datagram) {
    bool between = datagram.from == Mesh::address(from) && datagram.to == Mesh::address(to);
    mesh.heal();
    if (between && lost.contains(++*count)) mesh.cut(from, to);
  };
}

// z knows the start of the seed, but the seed does not know the start of z because the proof was
// lost. The second proof of z must come with its Join.
TEST(Meeting, AJoinThatWasLostGoesOutAgainWithTheProof) {
  Mesh mesh(1, edge());
  std::size_t a = mesh.add();
  lose(mesh, 1, a, {2});
  mesh.add({a});

  EXPECT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::millis(400)));
}

// z does not know a. The datagram with a's proof and a's greeting is lost.
TEST(Meeting, AGreetingThatWasLostGoesOutAgainWithTheProof) {
  Mesh mesh(2, edge());
  std::size_t a = mesh.add();
  std::size_t z = mesh.add();
  MemberRecord record;
  record.node = mesh.host(z).identity.node;
  record.address = Mesh::address(z);
  lose(mesh, a, z, {2});
  mesh.remember(a, {record});

  EXPECT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::millis(5'100)));
}

// a learns of z from the seed and greets it. z asks for a proof of a's start and does not get it,
// and z does not hear the seed any more. So a has received a message of z, but z has not met a.
bool met_at_the_second_greeting(std::uint64_t seed) {
  Mesh mesh(seed, edge());
  mesh.add();
  mesh.add({0});
  mesh.run(base::seconds(60));
  constexpr std::size_t kA = 1;
  constexpr std::size_t kZ = 2;
  int from_a = 0;
  int from_seed = 0;
  mesh.tap = [&](const Captured& datagram) {
    mesh.heal();
    if (datagram.to != Mesh::address(kZ)) return;
    if (datagram.from == Mesh::address(kA) && ++from_a != 2) return;
    if (datagram.from == Mesh::address(0) && ++from_seed == 1) return;
    for (std::size_t i = 0; i < kZ; ++i) mesh.cut(i, kZ);
  };
  mesh.add({0});
  const auto& met = mesh.host(kZ).up;
  const NodeId& a = mesh.host(kA).identity.node;
  return mesh.run_until([&] { return met.contains(a); }, base::seconds(7));
}

TEST(Meeting, WhoOnlyAsksForAProofIsGreetedAgain) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_TRUE(met_at_the_second_greeting(seed)) << seed;
  }
}

// An agent that knows nobody sends Join messages only. It finds a seed soon after the seed is back.
TEST(Meeting, WhoIsAloneTriesItsSeedsOften) {
  Mesh mesh(3, edge());
  std::size_t a = mesh.add();
  mesh.crash(a);
  mesh.add({a});
  mesh.run(base::seconds(300));
  mesh.start(a);

  EXPECT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(7)));
}

TEST(Meeting, AloneWithManySeedsItSendsNoMoreThanWithOne) {
  Mesh mesh(4, edge());
  std::vector<std::size_t> seeds;
  for (int i = 0; i < 8; ++i) {
    seeds.push_back(mesh.add());
    mesh.crash(seeds.back());
  }
  mesh.add(seeds);
  mesh.run(base::seconds(120));
  std::size_t sent = 0;
  mesh.tap = [&](const Captured&) { ++sent; };

  mesh.run(base::seconds(600));

  EXPECT_LE(sent, 600u / 5);
}

// Thirty agents start within two seconds on slow links. The seed starts a second after the first.
double seconds_until_acquainted(std::uint64_t seed, std::uint32_t loss_percent) {
  Mesh mesh(seed, edge());
  mesh.faults.loss_percent = loss_percent;
  mesh.faults.delay_max = base::millis(150);
  auto random = base::Random::from_number(seed + 1'000);
  for (std::size_t i = 0; i < 30; ++i) {
    mesh.add();
    mesh.crash(i);
  }
  std::size_t started = 0;
  for (std::size_t i = 0; i < 30; ++i) {
    std::int64_t at = i == 0 ? 1'000 : static_cast<std::int64_t>(random.below(2'000));
    mesh.at(base::millis(at), [&mesh, &started, i] {
      mesh.start(i, i == 0 ? std::vector<std::size_t>{} : std::vector<std::size_t>{0});
      ++started;
    });
  }
  base::Instant begin = mesh.now().instant;
  mesh.run_until([&] { return started == 30 && mesh.acquainted(); }, base::seconds(600));
  return static_cast<double>((mesh.now().instant - begin).millis()) / 1'000;
}

// A pair that does not meet at the start would have to wait for the exchange of tables, about 100
// seconds.
TEST(Meeting, ThirtyEdgeAgentsMeetSoonInSpiteOfLoss) {
  for (auto [loss, most] : {std::pair{0u, 5}, {5u, 20}, {10u, 30}, {20u, 60}}) {
    std::vector<double> times;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      times.push_back(seconds_until_acquainted(seed, loss));
    }
    std::sort(times.begin(), times.end());
    printf("all of 30 met, edge, %u %% loss: %.1f s median, %.1f s worst\n", loss, times[10],
           times.back());
    EXPECT_LE(times.back(), most) << loss;
  }
}

}  // namespace
}  // namespace gossip::testing
