// Faults that the product once had, told step by step: who writes, who is cut off, which call of
// the disk fails. Each test first asserts that its story happened, then that it ends well.
// judge_test.cc has the stories of the judge.

#include "tests/simulation/scenario.h"
#include "tools/simulator/requests.h"

namespace simulation::testing {
namespace {

constexpr std::int64_t kShortLog = 600;  // bytes; a state join is needed soon

class Story : public Scenario {
 public:
  using Scenario::Scenario;

  std::uint64_t events(const std::string& name) { return report().events[name]; }
  bool reaches(const std::function<bool()>& holds, std::int64_t seconds = 30) {
    return cluster().run_until(holds, base::seconds(seconds));
  }
  const agent::Replica& replica(std::size_t host) { return process(host).replica(); }
  void expect_whole() {
    EXPECT_TRUE(converges(base::seconds(60))) << story();
    EXPECT_TRUE(meets(base::seconds(60))) << story();
    judge();
  }
  // Flips a bit of the database file of an agent that is stopped.
  void expect_set_aside(std::uint64_t offset, unsigned bit) {
    flip_bit_of_stopped(1, offset, bit);
    cluster().start(1);
    ASSERT_TRUE(host(1).disk.exists(kDatabase + ".aside-1")) << story();
    expect_whole();
    EXPECT_EQ(events("states set aside"), 1u);
  }
};

// A peer reads a range after COMMIT and before the node of the writer hears of the commit. The peer
// then claims more of the writer's actor than the writer's node knows. The agent once took this for
// a fork and set its sound database aside.
TEST(Scenarios, WhatPeersKnowBeforeTheNodeDoesIsNoFork) {
  Story mesh(2);
  mesh.begin_with(0, 3);
  mesh.cut_both(0, 1);
  mesh.write(0, 3);
  mesh.host(0).disk.set_delays({}, base::seconds(8));
  mesh.cluster().request(0, add_entry("snapshots", "last", {}));
  mesh.run(base::millis(20));
  const crdt::VersionVector committed = mesh.replica(0).vector();
  mesh.host(0).disk.set_delays({}, {});
  ASSERT_FALSE(mesh.process(0).idle());
  mesh.network().heal();

  ASSERT_TRUE(mesh.reaches([&] { return mesh.replica(1).vector().covers(committed); }, 7))
      << mesh.story();
  ASSERT_FALSE(mesh.process(0).idle()) << "its node must not have heard of the commit yet";
  ASSERT_TRUE(mesh.reaches([&] { return mesh.events("echoes") > 0; }, 7)) << mesh.story();
  ASSERT_FALSE(mesh.process(0).idle());

  mesh.expect_whole();
  EXPECT_EQ(mesh.events("echoes of our own actor"), 0u);
  EXPECT_EQ(mesh.events("states set aside"), 0u);
}

// The disk is full in the turn that merges a join. The join ended with the turn, and the node was
// not told.
TEST(Scenarios, AJoinThatTheDiskRefusesIsTriedAgain) {
  Story mesh(2);
  mesh.settings().replica.store.log_bytes_max = kShortLog;
  mesh.begin();
  mesh.cut_both(0, 1);
  mesh.write(0, 30);
  mesh.host(1).disk.set_capacity(mesh.host(1).disk.bytes());
  mesh.network().heal();

  ASSERT_TRUE(mesh.reaches([&] { return mesh.events("joins failed") > 0; })) << mesh.story();
  ASSERT_GT(mesh.events("disk full"), 0u);
  ASSERT_EQ(mesh.events("joins"), 0u);
  mesh.host(1).disk.set_capacity(0);

  mesh.expect_whole();
  EXPECT_GT(mesh.events("joins"), 0u);
}

// Turns come more often than tries to open the database again. Once, each refused turn put the next
// try off, so it never came.
TEST(Scenarios, ADiskFaultEndsAlthoughTurnsGoOn) {
  Story mesh(2);
  mesh.begin();
  mesh.write(1, 2);
  mesh.host(1).failing = true;
  mesh.host(1).disk.fail(Disk::Call::kWrite, 1, true);
  mesh.cluster().request(1, add_entry("snapshots", "meets the fault", {}));
  mesh.run(base::millis(100));
  ASSERT_TRUE(mesh.replica(1).fault());
  mesh.host(1).disk.fail(Disk::Call::kWrite, 0);
  const base::Duration between = mesh.settings().replica.reopen_interval / 4;

  std::size_t refused = 0;
  for (; mesh.replica(1).fault() && refused < 40; ++refused) {
    mesh.cluster().request(1);
    mesh.run(between);
  }
  EXPECT_GE(refused, 3u) << "several turns must come before a try";
  EXPECT_LT(refused, 40u);
  EXPECT_EQ(mesh.events("disk recovered"), 1u);
  mesh.host(1).failing = false;

  mesh.write(1, 3);
  mesh.expect_whole();
}

// A bit flips in the text of a table in the schema. SQLite says "no such column", which we once did
// not take for damage.
TEST(Scenarios, ATableWithAnotherTextIsSetAside) {
  Story mesh(3);
  mesh.begin_with(1, 10);
  mesh.cluster().stop_cleanly(1);
  const base::Bytes file = mesh.host(1).disk.read(kDatabase);
  const std::size_t table = file.find("CREATE TABLE held");
  const std::size_t column = file.find("kind", table);
  ASSERT_NE(column, base::Bytes::npos);

  mesh.expect_set_aside(column, 0);
}

// A bit flips in the header of the file. SQLite does not call an unknown schema format damage, so
// the agent once did not start.
TEST(Scenarios, AFileOfUnknownFormatIsSetAside) {
  constexpr std::uint64_t kFormat = 47;  // the last byte of the schema format
  Story mesh(3);
  mesh.begin_with(1, 10);
  mesh.cluster().stop_cleanly(1);
  ASSERT_EQ(mesh.host(1).disk.read(kDatabase).at(kFormat), 4);

  mesh.expect_set_aside(kFormat, 3);
}

// A and B leave, each while the other is away. C tells each of them that the other has left, and
// then never returns. Once, A and B each took the other for gone and spoke to nobody.
TEST(Scenarios, TwoThatLeftFindEachOtherAgain) {
  Story mesh(3);
  mesh.begin_with(2, 3);
  mesh.cluster().kill(0);
  mesh.process(1).leave();
  mesh.run(base::seconds(2));
  mesh.cluster().start(0);
  ASSERT_TRUE(mesh.reaches([&] { return mesh.state_of(0, 1) == gossip::MemberState::kLeft; }));
  mesh.cluster().kill(1);
  mesh.process(0).leave();
  mesh.run(base::seconds(2));
  mesh.cut_both(0, 1);
  mesh.cluster().start(1);
  ASSERT_TRUE(mesh.reaches([&] { return mesh.state_of(1, 0) == gossip::MemberState::kLeft; }));
  mesh.cluster().die(2);
  ASSERT_EQ(mesh.state_of(0, 1), gossip::MemberState::kLeft);
  mesh.network().heal();

  mesh.process(0).rejoin();
  mesh.write(0, 2);

  mesh.expect_whole();
}

// A row is lost from a state that is being fetched. The vector then becomes equal to that of the
// peers, and the digest never does. Once, the agent never saw that it had fetched everything, and
// did not check its rows.
TEST(Scenarios, ARowLostWhileTheStateIsFetchedIsFound) {
  Story mesh(3);
  mesh.settings().node.range_changes_max = 2;
  mesh.begin_with(0, 60);
  mesh.cluster().stop_cleanly(1);
  mesh.flip_bit_of_stopped(1, 47, 3);
  mesh.cluster().start(1);
  ASSERT_TRUE(mesh.reaches([&] { return mesh.replica(1).vector() != crdt::VersionVector{}; }))
      << mesh.story();
  ASSERT_TRUE(mesh.replica(1).fetching());
  mesh.cluster().kill(1);
  ASSERT_TRUE(mesh.cluster().lose_cell(1));
  mesh.cluster().start(1);
  ASSERT_TRUE(mesh.replica(1).fetching());

  EXPECT_TRUE(mesh.reaches([&] { return mesh.events("divergences checked") > 0; }, 60))
      << mesh.story();
  EXPECT_TRUE(mesh.reaches([&] { return !mesh.cluster().any_rebuilding(); }, 60));
  mesh.host(1).twisted = false;
  mesh.expect_whole();
}

// A change waits for its predecessor. A join makes it seen, so it no longer waits, but the disk is
// full at that commit. Once, the node was not told to fetch the change again.
TEST(Scenarios, WhatAJoinMadeSeenIsFetchedAgainWhenTheDiskWasFull) {
  Story mesh(3);
  mesh.settings().replica.store.log_bytes_max = kShortLog;
  mesh.begin();
  mesh.cut_both(1, 0);
  mesh.cut_both(1, 2);
  mesh.write(0, 30);
  mesh.network().heal();
  ASSERT_EQ(mesh.events("parked"), 0u);
  mesh.cluster().request(0, add_entry("snapshots", "waits", {}));
  for (int i = 0; i < 200 && mesh.events("parked") == 0; ++i) mesh.run(base::micros(100));
  ASSERT_GT(mesh.events("parked"), 0u) << mesh.story();
  ASSERT_EQ(mesh.events("joins"), 0u);
  ASSERT_EQ(mesh.events("changes forgotten"), 0u);
  mesh.run(base::millis(2));
  mesh.host(1).disk.set_capacity(mesh.host(1).disk.bytes());

  ASSERT_TRUE(mesh.reaches([&] { return mesh.events("joins failed") > 0; })) << mesh.story();
  ASSERT_GT(mesh.events("disk full"), 0u);
  EXPECT_GT(mesh.events("changes forgotten"), 0u) << mesh.story();
  mesh.host(1).disk.set_capacity(0);

  mesh.expect_whole();
}

// The medium answers no reads for two seconds. Once, the agent then gave its sound state up, with
// changes that no other agent had.
TEST(Scenarios, AStateIsNotGivenUpForAMomentOfItsMedium) {
  Story mesh(3);
  mesh.begin_with(1, 40);
  mesh.cluster().kill(1);  // a new process has nothing in its cache
  mesh.cluster().start(1);
  ASSERT_TRUE(mesh.meets(base::seconds(20)));
  const std::uint64_t failed = mesh.host(1).disk.counters().failed_calls;
  mesh.host(1).failing = true;
  mesh.host(1).disk.fail(Disk::Call::kRead, 1, true);
  mesh.run(base::seconds(2));
  mesh.host(1).disk.fail(Disk::Call::kRead, 0);
  mesh.host(1).failing = false;
  ASSERT_GT(mesh.host(1).disk.counters().failed_calls, failed);

  mesh.run(base::seconds(20));
  mesh.write(1, 3);
  mesh.expect_whole();
  EXPECT_EQ(mesh.events("states set aside"), 0u);
}

}  // namespace
}  // namespace simulation::testing
