// How often exchanges start, and what an exchange costs that brings nothing.

#include <gtest/gtest.h>

#include "tests/gossip/mesh.h"

namespace gossip::testing {
namespace {

TEST(Reconcile, ConstantWritesDoNotMakeExchangeStorms) {
  Mesh mesh(6);
  std::size_t count = 20;
  mesh.add();
  for (std::size_t i = 1; i < count; ++i) mesh.add({0});
  mesh.run(base::seconds(10));
  std::uint64_t before = exchanges(mesh);
  for (int i = 0; i < 6'000; ++i) {
    mesh.at(base::millis(5 * i),
            [&mesh, i, count] { mesh.write(static_cast<std::size_t>(i) % count); });
  }

  mesh.run(base::seconds(30));
  double each = static_cast<double>(exchanges(mesh) - before) / 30 / static_cast<double>(count);
  printf("constant writes: %.2f exchanges a second and node\n", each);

  EXPECT_LE(each, 0.8);
  EXPECT_TRUE(mesh.run_until([&] { return mesh.converged(); }, base::seconds(3)));
}

TEST(Reconcile, ConstantWritesDoNotPutRepairOffForEver) {
  Mesh mesh(7);
  mesh.add();
  for (std::size_t i = 1; i < 6; ++i) mesh.add({0});
  mesh.run(base::seconds(5));
  mesh.cut(0, 5);
  mesh.write(0);
  mesh.run(base::millis(20));
  mesh.heal();
  for (int i = 0; i < 2'000; ++i) {
    mesh.at(base::millis(5 * i), [&mesh, i] { mesh.write(1 + static_cast<std::size_t>(i) % 4); });
  }
  base::ActorId actor = mesh.host(0).replica->actor();

  bool repaired = mesh.run_until([&] { return mesh.host(5).replica->vector().covers(actor, 1); },
                                 base::seconds(4));

  EXPECT_TRUE(repaired);
}

TEST(Reconcile, AQuietMeshStartsNoExchange) {
  Mesh mesh(8);
  mesh.add();
  for (std::size_t i = 1; i < 8; ++i) mesh.add({0});
  mesh.write(0);
  mesh.run(base::seconds(10));
  std::uint64_t before = exchanges(mesh);

  mesh.run(base::seconds(60));

  EXPECT_EQ(exchanges(mesh), before);
}

TEST(Reconcile, WithoutLossAWriteStartsNoExchange) {
  Mesh mesh(9);
  mesh.add();
  for (std::size_t i = 1; i < 8; ++i) mesh.add({0});
  mesh.run(base::seconds(10));
  std::uint64_t before = exchanges(mesh);

  for (int i = 0; i < 30; ++i) {
    mesh.write(static_cast<std::size_t>(i) % 8);
    mesh.run(base::seconds(2));
  }

  EXPECT_LE(exchanges(mesh) - before, 2u);
}

// Two agents hold different contents under one number, so each refuses the other's change for ever
// (rule 2). A try must not cost a page of a megabyte.
TEST(Reconcile, WhatIsRefusedAsAWholeIsAskedForInSmallPagesAndSeldom) {
  Pair pair(1);
  pair.mesh.cut_both(Pair::a, Pair::z);
  for (int i = 0; i < 300; ++i) pair.mesh.write(Pair::a, 4'000);
  ReplicaDouble& z = *pair.mesh.host(Pair::z).replica;
  z.contradict(pair.mesh.host(Pair::a).replica->actor());
  pair.mesh.run(base::millis(100));
  pair.mesh.heal();
  pair.mesh.run(base::seconds(300));
  std::size_t before = pair.mesh.host(Pair::a).session_bytes;

  pair.mesh.run(base::seconds(600));

  std::size_t bytes = pair.mesh.host(Pair::a).session_bytes - before;
  EXPECT_GT(bytes, 0u) << "nothing was asked for, so the test measures nothing";
  EXPECT_LE(bytes, 10u * 50'000);
  z.contradict({});
  pair.mesh.run(base::seconds(60));
  EXPECT_TRUE(pair.mesh.converged());
}

}  // namespace
}  // namespace gossip::testing
