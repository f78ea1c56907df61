// What can happen to edge hosts on a bad day. Each test tells one such day and checks what must
// hold (docs/testing.md, "Bad days", explains I1 to I12).

#include "tests/simulation/scenario.h"

namespace simulation::testing {
namespace {

constexpr std::int64_t kYear = 365 * 24 * 3'600;

class EitherTopology : public ::testing::TestWithParam<gossip::Topology> {};

// Three agents in a line: each end hears only the one in the middle.
TEST_P(EitherTopology, ALineOfThreeConverges) {
  Scenario mesh(3, 1, GetParam());
  mesh.start();
  mesh.cut_both(0, 2);
  mesh.run(base::seconds(5));

  mesh.write(0, 20);
  mesh.write(2, 20);

  EXPECT_TRUE(mesh.converges(base::seconds(30))) << mesh.story();
  mesh.judge();
}

// Half of the agents are restarted at the same moment, while clients write.
TEST_P(EitherTopology, HalfOfTheAgentsRestartedAtOnce) {
  Scenario mesh(8, 2, GetParam());
  mesh.begin();
  for (std::size_t i = 0; i < 8; ++i) mesh.write(i, 3);

  for (std::size_t i = 0; i < 8; i += 2) mesh.cluster().kill(i);
  mesh.write(1, 5);
  for (std::size_t i = 0; i < 8; i += 2) mesh.cluster().start(i);

  EXPECT_TRUE(mesh.converges(base::seconds(30))) << mesh.story();
  EXPECT_TRUE(mesh.meets(base::seconds(30))) << mesh.story();
  mesh.judge();
}

INSTANTIATE_TEST_SUITE_P(BadDays, EitherTopology,
                         ::testing::Values(gossip::Topology::kDirect, gossip::Topology::kPushPull),
                         [](const auto& chosen) {
                           return std::string(gossip::topology_name(chosen.param)) == "direct"
                                      ? "Direct"
                                      : "PushPull";
                         });

// I4, I8: a clock shows 1970 or a year ahead. Its host still takes writes, and changes travel both
// ways until all agents are equal.
class WrongClock : public ::testing::TestWithParam<std::int64_t> {};

TEST_P(WrongClock, AmongGoodOnesConvergesAndStaysWritable) {
  Scenario mesh(4, 3);
  mesh.begin();
  mesh.host(0).clock = {base::seconds(GetParam()), false};

  mesh.write(0, 10);
  mesh.write(1, 10);
  EXPECT_TRUE(mesh.converges(base::seconds(20))) << mesh.story();
  mesh.write(0, 10);
  mesh.write(2, 10);

  EXPECT_TRUE(mesh.converges(base::seconds(20))) << mesh.story();
  mesh.judge();
}

INSTANTIATE_TEST_SUITE_P(BadDays, WrongClock, ::testing::Values(-1'800'000'000, kYear),
                         [](const auto& chosen) {
                           return chosen.param < 0 ? "In1970" : "AYearAhead";
                         });

// The only agent that holds a predecessor never returns. Its successors do not wait for ever, and
// nothing else waits for them.
TEST(BadDays, APredecessorThatNeverComesBlocksNothing) {
  Scenario mesh(5, 4);
  mesh.begin_with(0, 3);
  // What A writes now reaches nobody; the next change reaches all, then A is gone for good.
  for (std::size_t i = 1; i < 5; ++i) mesh.cut_both(0, i);
  mesh.write(0, 1);
  mesh.network().heal();
  mesh.cluster().request(0);
  mesh.run(base::millis(3));
  mesh.cluster().die(0);

  for (std::size_t i = 1; i < 5; ++i) mesh.write(i, 4);

  EXPECT_TRUE(mesh.converges(base::seconds(30))) << mesh.story();
  mesh.judge();
}

// I8, I12: every sync takes 500 ms, under load. No agent is declared dead because of it.
TEST(BadDays, SlowSyncsCostNobodyItsMembership) {
  Scenario mesh(5, 5);
  mesh.begin();
  for (std::size_t i = 0; i < 5; ++i) {
    mesh.host(i).disk.set_delays(base::millis(1), base::millis(500));
  }

  for (int round = 0; round < 40; ++round) {
    for (std::size_t i = 0; i < 5; ++i) mesh.cluster().request(i);
    mesh.run(base::millis(200));
    ASSERT_TRUE(mesh.cluster().acquainted()) << mesh.story();
  }

  EXPECT_TRUE(mesh.converges(base::seconds(60))) << mesh.story();
  mesh.judge();
}

// All links of all agents are down for two minutes.
TEST(BadDays, AllLinksDownForTwoMinutes) {
  Scenario mesh(15, 6);
  mesh.begin();
  for (std::size_t a = 0; a < 15; ++a) {
    for (std::size_t z = a + 1; z < 15; ++z) mesh.cut_both(a, z);
  }
  for (std::size_t i = 0; i < 15; ++i) mesh.write(i, 2);
  mesh.run(base::seconds(120));

  mesh.network().heal();

  EXPECT_TRUE(mesh.cluster().run_until(
      [&] { return mesh.cluster().converged() && mesh.cluster().acquainted(); }, base::seconds(20)))
      << mesh.story();
  mesh.judge();
}

// UDP is blocked everywhere. Sessions alone carry signs of life and changes.
TEST(BadDays, WithoutUdpSessionsCarryEverything) {
  Scenario mesh(4, 7);
  mesh.begin();
  mesh.network().udp_blocked = true;
  mesh.run(base::seconds(20));

  for (std::size_t i = 0; i < 4; ++i) mesh.write(i, 5);

  EXPECT_TRUE(mesh.converges(base::seconds(60))) << mesh.story();
  EXPECT_TRUE(mesh.cluster().acquainted()) << mesh.story();
  mesh.judge();
}

// TCP is blocked. Datagrams carry small changes; what was lost on the way is fetched when TCP works
// again.
TEST(BadDays, WithoutTcpDatagramsCarryWhatIsSmall) {
  Scenario mesh(4, 8);
  mesh.begin();
  mesh.network().tcp_blocked = true;
  mesh.run(base::seconds(20));

  for (std::size_t i = 0; i < 4; ++i) mesh.write(i, 5);
  mesh.run(base::seconds(20));

  EXPECT_TRUE(mesh.cluster().acquainted()) << mesh.story();
  mesh.network().tcp_blocked = false;
  EXPECT_TRUE(mesh.converges(base::seconds(30))) << mesh.story();
  mesh.judge();
}

}  // namespace
}  // namespace simulation::testing
