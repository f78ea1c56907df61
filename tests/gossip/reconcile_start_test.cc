// How many bytes vectors cost after a restart.

#include <gtest/gtest.h>

#include "tests/gossip/mesh.h"

namespace gossip::testing {
namespace {

// After a restart an agent does not know which of its states others have seen. In its first
// question it assumes that the peer knows its present state.
struct Restarted : Pair {
  static constexpr int kActors = 300;
  explicit Restarted(std::uint64_t seed) : Pair(seed) {
    for (std::uint64_t i = 0; i < kActors; ++i) {
      mesh.write(a);
      mesh.run(base::millis(10));
      mesh.host(z).replica->hear_left(mesh.host(a).replica->actor());
      mesh.host(a).replica->leave_actor(base::Random::from_number(seed + i).id<base::ActorTag>());
    }
    settle();
    mesh.crash(z);
  }
  bool settle() {
    return mesh.run_until([&] { return mesh.converged(); }, base::seconds(10));
  }
  // The bytes that both hosts send, from the start of z until some time after they are equal.
  std::size_t bytes_of_start() {
    auto sent = [&] { return mesh.host(a).vector_bytes + mesh.host(z).vector_bytes; };
    std::size_t before = sent();
    mesh.start(z, {a});
    EXPECT_TRUE(settle()) << mesh.describe();
    mesh.run(base::seconds(3));
    EXPECT_TRUE(mesh.converged()) << mesh.describe();
    return sent() - before;
  }
  // Restarts z in a state that nobody else knows.
  void expect_one_vector() {
    mesh.crash(z);
    mesh.heal();
    EXPECT_LE(bytes_of_start(), 2'000u);
    EXPECT_EQ(mesh.node(a).stats().vectors_whole, 0u);
    EXPECT_EQ(mesh.node(z).stats().vectors_whole, 0u);
  }
};

TEST(Reconcile, AStartWithAStateThatThePeerWasInCostsNoVector) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Restarted still(seed);
    EXPECT_LE(still.bytes_of_start(), 400u) << seed;

    Restarted moved(seed + 1'000);
    moved.mesh.write(Pair::a);
    moved.mesh.run(base::seconds(1));
    EXPECT_LE(moved.bytes_of_start(), 600u) << seed;
  }
}

TEST(Reconcile, AStartWithAStateThatNobodyKnowsTellsOneVector) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Restarted pair(seed);
    pair.mesh.start(Pair::z);
    pair.mesh.cut_both(Pair::a, Pair::z);
    pair.mesh.write(Pair::z);
    pair.mesh.run(base::seconds(5));
    pair.expect_one_vector();
  }
}

// The others still hold what they knew about z before its restart. z does not know that any more.
TEST(Reconcile, AQuickStartWithAStateThatNobodyKnowsTellsOneVector) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Restarted pair(seed);
    pair.mesh.start(Pair::z, {Pair::a});
    pair.mesh.run(base::seconds(3));
    pair.mesh.cut_both(Pair::a, Pair::z);
    pair.mesh.write(Pair::z);
    pair.mesh.run(base::millis(50));
    pair.expect_one_vector();
  }
}

}  // namespace
}  // namespace gossip::testing
