// Members that are down for weeks of virtual time.

#include <gtest/gtest.h>

#include "gossip/swim/membership.h"
#include "tests/gossip/mesh.h"

namespace gossip::testing {
namespace {

std::size_t known(Mesh& mesh, std::size_t by) { return mesh.node(by).members(mesh.now()).size(); }

// `edge` pings seldom, so a day of virtual time has few events and the test is fast.
Options slow_pings() {
  Options options;
  options.profile = *profile_from_name("edge");
  options.dead_retries_per_second = 1;
  return options;
}

TEST(Forgetting, WhoIsDeadForAWeekIsForgotten) {
  Mesh mesh(1, slow_pings());
  for (int i = 0; i < 3; ++i)
    mesh.add(i == 0 ? std::vector<std::size_t>{} : std::vector<std::size_t>{0});
  mesh.run(base::seconds(60));
  mesh.crash(2);
  mesh.run(base::seconds(6 * 86'400));
  EXPECT_EQ(known(mesh, 0), 3u);

  mesh.run(base::seconds(86'400 + 3'600));

  EXPECT_EQ(known(mesh, 0), 2u);
  EXPECT_EQ(known(mesh, 1), 2u);
  EXPECT_EQ(mesh.node(0).stats().members_forgotten, 1u);
  mesh.start(2, {0});
  EXPECT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(60)));
}

// A host without seeds that is cut off for long never stops to look for its mesh.
TEST(Forgetting, WhoHearsNobodyForgetsNobody) {
  Mesh mesh(2, slow_pings());
  mesh.add();
  mesh.add({0});
  mesh.run(base::seconds(60));
  mesh.cut_both(0, 1);
  mesh.run(base::seconds(9 * 86'400));
  EXPECT_EQ(mesh.state_of(0, 1), MemberState::kDead);
  EXPECT_EQ(known(mesh, 0), 2u);

  mesh.heal();

  EXPECT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(60)));
}

}  // namespace
}  // namespace gossip::testing
