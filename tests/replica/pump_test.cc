#include "agent/replica/pump.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tools/simulator/requests.h"

namespace agent {
namespace {

using Step = Pump::Step;

base::Instant at_millis(std::int64_t number) { return base::Instant{0} + base::millis(number); }

Input a_write() { return Write{1, simulation::remove_entry("snapshots", "x")}; }

// Drives a pump on a clock of its own, like the store thread does. `steps` records what the pump
// did: T is a turn, F a flush, S a part of the scrub, R reading ahead.
struct Owner {
  Pump pump{PumpOptions{}};
  Pump::Condition replica;
  bool damaged = false;
  bool flush_fails = false;
  bool own_writes = false;  // every turn has an own write, so it leaves nothing unsynced
  std::int64_t now = 0;
  std::string steps;
  std::vector<std::int64_t> flushed, scrubbed, turned;

  // Takes one step of the pump. A wait moves the clock to the deadline; other steps take no time.
  void step(std::int64_t until) {
    Step step = pump.next(at_millis(now), replica);
    if (step == Step::kWait) {
      base::Instant deadline = pump.deadline(replica);
      EXPECT_GT(deadline, at_millis(now)) << "the pump waits for a deadline that has passed";
      now = std::min(until, (deadline - base::Instant{0}).millis());
    } else if (step == Step::kTurn) {
      pump.take_turn();
      replica.unsynced = !own_writes;
      pump.did_turn(at_millis(now), replica, damaged);
      turned.push_back(now);
      steps += 'T';
    } else if (step == Step::kFlush) {
      replica.unsynced = flush_fails;
      pump.did_flush(at_millis(now), replica);
      flushed.push_back(now);
      steps += 'F';
    } else if (step == Step::kScrub) {
      pump.did_scrub(at_millis(now));
      scrubbed.push_back(now);
      steps += 'S';
    } else {
      pump.did_read_ahead(false);
      steps += 'R';
    }
  }
  void run_until(std::int64_t until) {
    for (int i = 0; i < 100'000 && now < until; ++i) step(until);
    EXPECT_GE(now, until) << "the pump never waits: " << steps.substr(0, 40);
  }
  // An input every `gap` milliseconds; each turn takes as long as the gap.
  void run_busy(std::int64_t gap, std::int64_t until) {
    while (now < until) {
      EXPECT_TRUE(pump.offer(a_write()));
      std::size_t before = turned.size();
      while (turned.size() == before) step(until);
      now += gap;
    }
  }
};

TEST(Pump, WithNothingToDoItScrubsOnceASecond) {
  Owner owner;
  owner.now = 5'000;

  owner.run_until(8'500);

  EXPECT_EQ(owner.scrubbed, (std::vector<std::int64_t>{5'000, 6'000, 7'000, 8'000}));
  EXPECT_EQ(owner.steps, "SSSS");
}

// Rule 13: an agent that is never idle reads every row within a day, too.
TEST(Pump, WritesThatDoNotEndDoNotKeepTheScrubAway) {
  Owner owner;
  owner.own_writes = true;

  owner.run_busy(10, 5'000);

  EXPECT_EQ(owner.scrubbed, (std::vector<std::int64_t>{1'000, 2'000, 3'000, 4'000}));
  EXPECT_EQ(owner.turned.size(), 500u);
}

TEST(Pump, RemoteChangesAreFlushedAfterAQuietMoment) {
  Owner owner;
  owner.pump.did_scrub(at_millis(0));
  EXPECT_TRUE(owner.pump.offer(a_write()));

  owner.run_until(900);

  EXPECT_EQ(owner.steps, "TRF");
  EXPECT_EQ(owner.flushed, std::vector<std::int64_t>{50});
}

// Rule 3: a commit is on the medium within a second, also when turns never stop.
TEST(Pump, TurnsThatDoNotEndAreFlushedAfterASecond) {
  Owner owner;

  owner.run_busy(10, 2'500);

  EXPECT_EQ(owner.flushed, (std::vector<std::int64_t>{1'000, 2'000}));
}

// A turn with an own write flushes everything. The second starts again with the next commit that is
// not flushed.
TEST(Pump, TheSecondCountsFromTheFirstCommitThatIsNotOnTheMedium) {
  Owner owner;
  owner.run_busy(10, 900);
  owner.own_writes = true;
  owner.run_busy(10, 910);
  owner.own_writes = false;

  owner.run_busy(10, 2'200);

  EXPECT_EQ(owner.flushed, std::vector<std::int64_t>{1'910});
}

TEST(Pump, AFlushThatFailsIsNotTriedWithoutRest) {
  Owner owner;
  owner.pump.did_scrub(at_millis(0));
  owner.flush_fails = true;
  EXPECT_TRUE(owner.pump.offer(a_write()));

  owner.run_until(3'500);

  EXPECT_LE(owner.flushed.size(), 4u);
}

TEST(Pump, AfterAFaultATurnIsTriedEverySecondAndAnInputAtOnce) {
  Owner owner;
  owner.replica.fault = true;
  owner.own_writes = true;
  owner.run_until(3'500);
  EXPECT_EQ(owner.turned, (std::vector<std::int64_t>{1'000, 2'000, 3'000}));
  EXPECT_TRUE(owner.scrubbed.empty());

  EXPECT_TRUE(owner.pump.offer(a_write()));
  owner.run_until(3'600);

  EXPECT_EQ(owner.turned.back(), 3'500);
}

TEST(Pump, TurnsOfARebuildFollowEachOtherButNotWhereARowIsInTheWay) {
  Owner owner;
  owner.pump.did_scrub(at_millis(0));
  owner.replica.replaying = true;
  owner.own_writes = true;
  for (int i = 0; i < 10; ++i) owner.step(900);
  EXPECT_EQ(owner.steps, "TTTTTTTTTT");

  owner.damaged = true;
  owner.step(900);
  owner.run_until(900);

  EXPECT_EQ(owner.turned.size(), 11u);
}

TEST(Pump, AFullQueueRefusesAndLeavesTheInputAlone) {
  PumpOptions small;
  small.inputs_max = 1;
  Pump pump(small);
  Input second = a_write();

  EXPECT_TRUE(pump.offer(a_write()));
  EXPECT_FALSE(pump.offer(std::move(second)));

  EXPECT_EQ(std::get<WriteObject>(std::get<Write>(second).request).object, "snapshots");
  EXPECT_EQ(pump.waiting(), 1u);
}

TEST(Pump, ATurnTakesAsManyChangesAsItsBoundSaysAndOneAtLeast) {
  PumpOptions small;
  small.turn_changes_max = 3;
  Pump pump(small);
  Received many;
  many.changes.resize(5);
  EXPECT_TRUE(pump.offer(std::move(many)));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(pump.offer(a_write()));

  EXPECT_EQ(pump.take_turn().size(), 1u);
  EXPECT_EQ(pump.take_turn().size(), 3u);
  EXPECT_EQ(pump.take_turn().size(), 1u);
}

}  // namespace
}  // namespace agent
