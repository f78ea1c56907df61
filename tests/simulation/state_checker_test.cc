// Runs the state checker on real replicas. It must report nothing for random histories, and must
// report each kind of difference.

#include "tools/simulator/state_checker.h"

#include <gtest/gtest.h>

#include "mesh_history.h"
#include "tests/crdt/members_of.h"
#include "tools/simulator/requests.h"

namespace simulation {
namespace {

using ::agent::WriteRequest;
using ::crdt::samples::members_of;

TEST(StateChecker, RandomHistoriesShowWhatTheirAuthorsMeant) {
  constexpr std::uint64_t kSeeds = 240;
  MeshHistory::Counts sum;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    MeshHistory history(seed);

    history.go(60);
    history.settle();

    ASSERT_EQ(history.difference(), "");
    sum += history.counts();
  }
  // Otherwise the histories had too few events to find anything.
  EXPECT_GT(sum.idle, sum.requests / 50);
  EXPECT_LT(sum.idle, sum.requests / 2);
  EXPECT_GT(sum.refused_early, kSeeds);
  EXPECT_GT(sum.conflicts, kSeeds);
  EXPECT_GT(sum.restarts, kSeeds / 4);
  EXPECT_GT(sum.lost_suffixes, kSeeds / 10);
}

TEST(StateChecker, LongHistoriesShowWhatTheirAuthorsMeant) {
  for (std::uint64_t seed = 1'001; seed <= 1'012; ++seed) {
    MeshHistory history(seed);

    history.go(600);
    history.settle();

    ASSERT_EQ(history.difference(), "");
  }
}

TEST(StateChecker, HistoriesOfAllTypesShowWhatTheirAuthorsMeant) {
  constexpr std::uint64_t kSeeds = 120;
  MeshHistory::Counts sum;
  for (std::uint64_t seed = 2'001; seed < 2'001 + kSeeds; ++seed) {
    MeshHistory history(seed, 90);

    history.go(80);
    history.settle();

    ASSERT_EQ(history.difference(), "");
    sum += history.counts();
  }
  EXPECT_GT(sum.refused, sum.requests / 100);
  EXPECT_GT(sum.typed_conflicts, kSeeds);
  EXPECT_GT(sum.folded, kSeeds);
  EXPECT_GT(sum.closed_for_room, kSeeds);
  EXPECT_GT(sum.lost_suffixes, kSeeds / 10);
}

// One replica, and an oracle that is told something other than what happened.
class Lie : public ::testing::Test {
 protected:
  void write(const WriteRequest& done, const WriteRequest& told) {
    crdt::VersionVector past = replica_->vector();
    std::vector<agent::Input> inputs{agent::Write{1, done}};
    agent::Outputs outputs = replica_->turn(agent::at(++millis_), inputs, false);
    ASSERT_EQ(outputs.facts.own.size(), 1u);
    auto opened = crdt::open_change(outputs.facts.own[0].bytes);
    oracle_.wrote(told, opened->change.actor, opened->change.seq, opened->change.time, past);
  }
  void write(const WriteRequest& both) { write(both, both); }
  std::string entry_difference(const std::string& id) {
    StateChecker checker(oracle_);
    return checker.check_entries(cells(), replica_->vector(), {{"snapshots", id}}).value_or("none");
  }
  std::string difference() {
    return StateChecker(oracle_).check_all(cells(), replica_->vector()).value_or("none");
  }
  store::CellTable& cells() { return replica_->store().cells(); }

  static agent::ReplicaOptions on(const Disk& disk) {
    agent::ReplicaOptions options;
    options.store.vfs = disk.vfs();
    return options;
  }

  Disk disk_{base::Random::from_number(1)};
  std::unique_ptr<agent::Replica> replica_ = agent::open_replica("a.db", 1, on(disk_));
  Oracle oracle_;
  std::int64_t millis_ = 0;
};

void expect_says(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(Lie, TheTruthMakesNoDifference) {
  write(add_entry("snapshots", "x", members_of(R"({"f":1})")));
  write(patch_entry("snapshots", "gone", {{"f", "2"}}));
  write(remove_entry("snapshots", "x"));

  EXPECT_EQ(entry_difference("x"), "none");
  EXPECT_EQ(entry_difference("gone"), "none");
  EXPECT_EQ(entry_difference("never"), "none");
  EXPECT_EQ(difference(), "none");
}

TEST_F(Lie, AnotherValueIsToldWithWhatLedThere) {
  write(add_entry("snapshots", "x", members_of(R"({"f":1.0})")),
        add_entry("snapshots", "x", members_of(R"({"f":1})")));

  std::string said = entry_difference("x");

  expect_says(said, "snapshots/x: shown here:  { f=1.0 }");
  expect_says(said, "shown meant: { f=1 }");
  expect_says(said, "vector " + replica_->own_actor().short_hex() + ":1");
  expect_says(said, ":1 at ");
  expect_says(said, "add f=1;");
  EXPECT_EQ(difference(), said);
}

TEST_F(Lie, AnEntryThatShouldBeGoneIsTold) {
  write(add_entry("snapshots", "x", {}));
  write(add_entry("snapshots", "x", {}), remove_entry("snapshots", "x"));

  expect_says(entry_difference("x"), "exists here:  yes");
  expect_says(difference(),
              "snapshots/x: is in a scan of its object although nothing of it is alive");
}

TEST_F(Lie, AnEntryThatShouldBeThereIsTold) {
  write(add_entry("snapshots", "x", {}));
  write(add_entry("snapshots", "z", {}));
  write(remove_entry("snapshots", "x"), add_entry("snapshots", "x", {}));

  expect_says(entry_difference("x"), "exists here:  no");
  expect_says(difference(), "snapshots/x: is missing in a scan");
}

TEST_F(Lie, TheLastEntryThatIsMissingIsToldToo) {
  write(add_entry("snapshots", "a", {}));
  write(add_entry("snapshots", "z", {}));
  write(remove_entry("snapshots", "z"), add_entry("snapshots", "z", {}));

  expect_says(difference(), "snapshots/z: is missing in a scan");
}

TEST_F(Lie, WhatNobodySeesYetIsToldToo) {
  write(add_entry("snapshots", "x", {}));
  write(patch_entry("snapshots", "y", {{"f", "1"}}), patch_entry("snapshots", "y", {{"f", "2"}}));

  expect_says(entry_difference("y"), "cells here");
}

TEST_F(Lie, AnObjectThatNobodyWroteIsTold) {
  const agent::ImportEntries import{"strange", {{"x", {}}}};
  write(import, remove_entry("snapshots", "none"));

  EXPECT_EQ(difference(), "object strange of type crdt_map counts 2 cells, expected are 0");
}

TEST_F(Lie, AChangeThatWasNeverToldIsTold) {
  write(add_entry("snapshots", "x", {}));
  std::vector<agent::Input> inputs{agent::add("y")};
  replica_->turn(agent::at(100), inputs, false);

  expect_says(entry_difference("x"), "nobody wrote change");
  expect_says(difference(), "nobody wrote change");
}

}  // namespace
}  // namespace simulation
