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

struct Seen {  // what happened in the runs of one test
  std::uint64_t joins = 0;
  std::uint64_t merged = 0;
  std::uint64_t busy = 0;
  std::uint64_t below = 0;
  std::uint64_t closed = 0;
} seen;

void add_counts(Mesh& mesh, std::size_t host) {
  const Stats& stats = mesh.node(host).stats();
  seen.joins += stats.state_joins;
  seen.merged += stats.state_joins_merged;
  seen.busy += stats.snapshots_busy;
  seen.below += stats.below_floor;
  seen.closed += stats.actors_closed;
}

// Makes state joins frequent: logs hold a few changes, pages hold one or two, servers are often
// busy.
void make_logs_tiny(Mesh& mesh, base::Random& random, std::size_t count) {
  auto busy = random.below(40);
  mesh.busy_percent = static_cast<std::uint32_t>(busy);
  for (std::size_t i = 0; i < count; ++i) {
    ReplicaDouble& replica = *mesh.host(i).replica;
    auto log = random.below(5);
    replica.log_max = 1 + static_cast<std::size_t>(log);
    auto page = random.below(5);
    replica.page_changes = 2 + static_cast<std::size_t>(page) * 10;
    auto leases = random.below(3);
    replica.leases_max = 1 + static_cast<std::size_t>(leases);
  }
}

std::size_t session_bytes(Mesh& mesh) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < mesh.size(); ++i) sum += mesh.host(i).session_bytes;
  return sum;
}

Options some_bounds(base::Random& random) {
  Options options;
  options.profile = *profile_from_name("local");
  if (!random.chance(3)) return options;
  // Tiny pages find exchanges that stop making progress.
  options.range_changes_max = 1 + static_cast<std::size_t>(random.below(3));
  options.range_bytes_max = 500;
  options.apply_bytes_max = 300;
  options.serve_peers_max = 1;
  options.reconcile_peers_max = 1 + static_cast<std::size_t>(random.below(2));
  options.join_serve_max = 1;
  return options;
}

void disturb(Mesh& mesh, base::Random& random, bool tiny_logs) {
  std::size_t count = mesh.size();
  auto one = static_cast<std::size_t>(random.below(count));
  auto other = static_cast<std::size_t>(random.below(count));
  auto what = random.below(14);
  bool up = mesh.host(one).node != nullptr;
  if (what == 0 && one != other) mesh.cut(one, other);
  if (what == 1 && one != other) mesh.cut_both(one, other);
  if (what == 2) mesh.heal();
  if (what == 3 && up) {
    add_counts(mesh, one);
    mesh.crash(one);
    auto next = random.id<base::ActorTag>();
    // Rule 2: every start writes under a new actor.
    if (tiny_logs) mesh.host(one).replica->leave_actor(next);
  }
  if (what == 4 && !up) mesh.start(one, {(one + 1) % count});
  if (what == 5 && up) mesh.leave(one);
  if (what == 6 && up) mesh.rejoin(one);
  if (what == 8 && up) mesh.node(one).topology(Topology::kPushPull);
  if (what == 7) mesh.commit_time = base::millis(1 + static_cast<std::int64_t>(random.below(40)));
}

void make_whole(Mesh& mesh) {
  mesh.heal();
  mesh.faults.loss_percent = 0;
  mesh.busy_percent = 0;
  for (std::size_t i = 0; i < mesh.size(); ++i) {
    if (mesh.host(i).node == nullptr) mesh.start(i, {0, 1, 2});
    if (mesh.node(i).has_left()) mesh.rejoin(i);
  }
}

// First faults of every kind, then none. All hosts must then become equal and stop exchanging data.
void expect_convergence(std::uint64_t seed, bool tiny_logs) {
  auto random = base::Random::from_number(seed * 7919 + 1);
  Options options = some_bounds(random);
  if (tiny_logs) options.exchange_timeout = base::seconds(2);
  Mesh mesh(seed, options);
  std::size_t count = 3 + static_cast<std::size_t>(random.below(7));
  mesh.faults.loss_percent = static_cast<std::uint32_t>(random.below(31));
  mesh.faults.duplicate_percent = static_cast<std::uint32_t>(random.below(20));
  mesh.faults.delay_max = base::millis(1 + static_cast<std::int64_t>(random.below(20)));
  mesh.add();
  for (std::size_t i = 1; i < count; ++i) {
    options.topology = random.chance(2) ? Topology::kPushPull : Topology::kDirect;
    mesh.add({0, i - 1}, options);
  }
  if (tiny_logs) make_logs_tiny(mesh, random, count);
  for (int round = 0; round < 40; ++round) {
    auto writes = random.below(6);
    for (std::uint64_t i = 0; i < writes; ++i) {
      auto writer = static_cast<std::size_t>(random.below(count));
      auto bytes = static_cast<std::size_t>(random.chance(20) ? 4'000 : 10 + random.below(200));
      if (mesh.host(writer).node != nullptr) mesh.write(writer, bytes);
    }
    disturb(mesh, random, tiny_logs);
    mesh.run(base::millis(static_cast<std::int64_t>(10 + random.below(200))));
  }

  make_whole(mesh);
  base::Instant healed = mesh.now().instant;
  bool converged = mesh.run_until([&] { return mesh.converged(); }, base::seconds(60));
  slowest = std::max(slowest, mesh.now().instant - healed);
  bool acquainted = mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(30));
  EXPECT_TRUE(converged) << "seed " << seed << ": " << mesh.describe();
  EXPECT_TRUE(acquainted) << "seed " << seed;
  EXPECT_LE(mesh.datagram_bytes_max, options.datagram_bytes_max);
  mesh.run(base::seconds(8));
  std::size_t before = session_bytes(mesh);
  mesh.run(base::seconds(8));
  EXPECT_EQ(session_bytes(mesh), before) << seed << ": equal hosts still exchange data";
  for (std::size_t i = 0; i < count; ++i) {
    add_counts(mesh, i);
    EXPECT_TRUE(mesh.host(i).alarms.empty()) << seed;
    EXPECT_EQ(mesh.host(i).claims_too_early, 0u) << seed;
  }
}

class Convergence : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Convergence, FollowsWhenFaultsStop) {
  slowest = {0};
  for (std::uint64_t i = 0; i < 25; ++i) expect_convergence(GetParam() * 25 + i, false);
  printf("slowest repair after the faults: %5ld ms\n", static_cast<long>(slowest.millis()));
}

TEST_P(Convergence, FollowsWhereJoinsAreConstant) {
  slowest = {0};
  seen = {};
  for (std::uint64_t i = 0; i < 25; ++i) expect_convergence(GetParam() * 25 + i, true);
  printf("slowest %5ld ms; joins %lu, merged %lu, busy %lu, below the floor %lu, closed %lu\n",
         static_cast<long>(slowest.millis()), seen.joins, seen.merged, seen.busy, seen.below,
         seen.closed);
  EXPECT_GT(seen.merged, 100u);
  EXPECT_GT(seen.busy, 0u);
  EXPECT_GT(seen.closed, 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Convergence, ::testing::Range<std::uint64_t>(0, 40));

}  // namespace
}  // namespace gossip::testing
