#include <gtest/gtest.h>

#include "tests/gossip/mesh.h"

namespace gossip::testing {
namespace {

TEST(Node, WritesReachEveryMemberAtOnce) {
  Mesh mesh(1);
  std::size_t a = mesh.add();
  std::size_t z = mesh.add({a});
  ASSERT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(1)));

  mesh.write(a);
  bool reached = mesh.run_until([&] { return mesh.host(z).replica->size() == 1; }, base::millis(8));

  EXPECT_TRUE(reached);
  EXPECT_EQ(mesh.node(a).stats().pushes_sent, 1u);
}

TEST(Node, AJoinerFetchesWhatItMissed) {
  Mesh mesh(2);
  std::size_t a = mesh.add();
  for (int i = 0; i < 50; ++i) mesh.write(a);
  mesh.run(base::seconds(1));

  std::size_t z = mesh.add({a});
  bool synced = mesh.run_until([&] { return mesh.converged(); }, base::millis(100));

  EXPECT_TRUE(synced);
  EXPECT_EQ(mesh.host(z).replica->size(), 50u);
  mesh.run(base::seconds(2));
  EXPECT_FALSE(mesh.node(z).syncing());
}

base::Duration slowest{0};

// Faults of every kind, then none: all must become equal.
void expect_convergence(std::uint64_t seed) {
  auto random = base::Random::from_number(seed * 7919 + 1);
  Options options;
  options.profile = *profile_from_name("local");
  if (random.chance(3)) {  // tiny bounds find what stands still
    options.range_changes_max = 1 + static_cast<std::size_t>(random.below(3));
    options.range_bytes_max = 500;
    options.apply_bytes_max = 300;
    options.serve_peers_max = 1;
    options.reconcile_peers_max = 1 + static_cast<std::size_t>(random.below(2));
  }
  Mesh mesh(seed, options);
  std::size_t count = 3 + static_cast<std::size_t>(random.below(7));
  mesh.faults.loss_percent = static_cast<std::uint32_t>(random.below(31));
  mesh.faults.duplicate_percent = static_cast<std::uint32_t>(random.below(20));
  mesh.faults.delay_max = base::millis(1 + static_cast<std::int64_t>(random.below(20)));
  mesh.add();
  for (std::size_t i = 1; i < count; ++i) mesh.add({0, i - 1});
  for (int round = 0; round < 40; ++round) {
    auto writes = random.below(6);
    for (std::uint64_t i = 0; i < writes; ++i) {
      auto writer = static_cast<std::size_t>(random.below(count));
      auto bytes = static_cast<std::size_t>(random.chance(20) ? 4'000 : 10 + random.below(200));
      if (mesh.host(writer).node != nullptr) mesh.write(writer, bytes);
    }
    auto one = static_cast<std::size_t>(random.below(count));
    auto other = static_cast<std::size_t>(random.below(count));
    auto what = random.below(14);
    if (what == 0 && one != other) mesh.cut(one, other);
    if (what == 1 && one != other) mesh.cut_both(one, other);
    if (what == 2) mesh.heal();
    if (what == 3 && mesh.host(one).node != nullptr) mesh.crash(one);
    if (what == 4 && mesh.host(one).node == nullptr) mesh.start(one, {(one + 1) % count});
    if (what == 5 && mesh.host(one).node != nullptr) mesh.leave(one);
    if (what == 6 && mesh.host(one).node != nullptr) mesh.rejoin(one);
    if (what == 7) mesh.commit_time = base::millis(1 + static_cast<std::int64_t>(random.below(40)));
    mesh.run(base::millis(static_cast<std::int64_t>(10 + random.below(200))));
  }

  mesh.heal();
  mesh.faults.loss_percent = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (mesh.host(i).node == nullptr) mesh.start(i, {0, 1, 2});
    if (mesh.node(i).has_left()) mesh.rejoin(i);
  }
  base::Instant healed = mesh.now().instant;
  bool converged = mesh.run_until([&] { return mesh.converged(); }, base::seconds(30));
  slowest = std::max(slowest, mesh.now().instant - healed);
  bool acquainted = mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(30));

  EXPECT_TRUE(converged) << "seed " << seed << ": " << mesh.describe();
  EXPECT_TRUE(acquainted) << "seed " << seed;
  EXPECT_LE(mesh.datagram_bytes_max, options.datagram_bytes_max);
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_TRUE(mesh.host(i).alarms.empty()) << seed;
    EXPECT_EQ(mesh.host(i).claims_too_early, 0u) << seed;
  }
}

class Convergence : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Convergence, FollowsWhenFaultsStop) {
  slowest = {0};
  for (std::uint64_t i = 0; i < 25; ++i) expect_convergence(GetParam() * 25 + i);
  printf("slowest repair after the faults: %5ld ms\n", static_cast<long>(slowest.millis()));
}

INSTANTIATE_TEST_SUITE_P(Seeds, Convergence, ::testing::Range<std::uint64_t>(0, 40));

}  // namespace
}  // namespace gossip::testing
