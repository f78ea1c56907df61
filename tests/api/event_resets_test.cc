// When the agent sends a reset to an event stream, and when not.

#include "agent/feed/cursor.h"
#include "crdt/base/random.h"
#include "tests/api/event_blocks.h"

namespace agent {
namespace {

// The other agent may have had anything. So the client gets all that there is: from the log if it
// reaches back to its beginning, else as a reset.
TEST(Events, ACursorOfAnotherAgentGetsTheWholeLogOrAReset) {
  ReplicaOptions small;
  small.store.log_bytes_max = 2'000;
  for (bool prunes : {false, true}) {
    FakeHost a("A", prunes ? small : ReplicaOptions());
    FakeHost z("Z");
    for (int i = 0; i < 30; ++i) add(a, std::to_string(i)), a.run();
    const bool pruned = a.replica().store().meta().lost_position > 0;
    ASSERT_EQ(pruned, prunes);

    auto stream = open(a, Cursor{z.facts().node_id.short_hex(), 1'000'000'000'000'000, 0}.text());
    a.run();
    add(a, "live"), a.run();

    EXPECT_EQ(resets(*stream), prunes ? 1u : 0u);
    EXPECT_EQ(ids(*stream).size(), prunes ? 1u : 31u);
    EXPECT_EQ(ids(*stream).back(), "live");
  }
}

TEST(Events, ASenselessCursorIsAReset) {
  FakeHost a("A");
  body(a, "POST", "/snapshots/add/s", "{}");
  std::string ahead = Cursor{a.facts().node_id.short_hex(), 1'000'000'000'000, 0}.text();

  for (const std::string& cursor : {ahead, std::string("nonsense")}) {
    auto stream = open(a, cursor);
    a.run();
    add(a, "live");
    a.run();

    auto found = heard(*stream);
    EXPECT_EQ(resets(*stream), 1u) << cursor;
    EXPECT_EQ(ids(*stream), (std::vector<std::string>{"live"}));
    auto again = open(a, found.at(found.size() - 2).id);  // the reset's own cursor
    a.run();
    EXPECT_EQ(ids(*again), (std::vector<std::string>{"live"}));
    EXPECT_EQ(resets(*again), 0u);
  }
}

TEST(Events, WhatWasPrunedIsAReset) {
  ReplicaOptions small;
  small.store.log_bytes_max = 20'000;
  FakeHost a("A", small);
  auto first = open(a);
  a.run();
  std::string start = heard(*first).at(0).id;
  auto random = base::Random::from_number(1);
  for (int i = 0; i < 50; ++i) {  // the log is compressed, so the values are random
    body(a, "POST", "/snapshots/add/s" + std::to_string(i),
         R"({"v":")" + base::to_hex(random.bytes(500)) + "\"}");
  }
  std::string recent = changes(*first).at(45).id;
  ASSERT_LT(json(a, "GET", "/v1/status")["log"]["changes"], 50);

  auto lost = open(a, start);
  auto kept = open(a, recent);
  a.run();
  body(a, "POST", "/snapshots/add/last", "{}");

  EXPECT_EQ(resets(*lost), 1u);
  EXPECT_EQ(ids(*lost), (std::vector<std::string>{"last"}));
  EXPECT_EQ(resets(*kept), 0u);
  EXPECT_EQ(ids(*kept), (std::vector<std::string>{"s46", "s47", "s48", "s49", "last"}));
}

// Positions skip some numbers after an unclean end. That is no loss, so no reset.
TEST(Events, ALeapOfPositionsIsNoResetWhereSomethingElseWasPruned) {
  ReplicaOptions small;
  small.store.log_bytes_max = 2'000;
  FakeHost a("A", small);
  auto first = open(a);
  a.run();
  for (int i = 0; i < 30; ++i) add(a, std::to_string(i)), a.run();
  std::string recent = changes(*first).back().id;
  first->leave();
  a.run();

  a.restart(false);
  add(a, "after"), a.run();
  auto second = open(a, recent);
  a.run();

  EXPECT_GT(a.replica().store().meta().lost_position, 0);
  EXPECT_EQ(ids(*second), (std::vector<std::string>{"after"}));
  EXPECT_EQ(resets(*second), 0u);
}

// A state join moves entries without changes in the log.
TEST(Events, AStreamThatListensHearsWhatAJoinBrings) {
  FakeHost a("A");
  FakeHost z("Z");
  for (const char* id : {"1", "2", "3"}) body(a, "POST", "/snapshots/add/" + std::string(id), "{}");
  auto stream = open(z);
  z.run();

  z.join_from(a);
  z.run();
  add(z, "own");
  z.run();

  EXPECT_EQ(ids(*stream), (std::vector<std::string>{"1", "2", "3", "own"}));
  EXPECT_EQ(resets(*stream), 0u);
  EXPECT_EQ(changes(*stream)[0].data["actor"], a.replica().own_actor().hex());
}

TEST(Events, ACursorFromBeforeAJoinIsAReset) {
  for (bool restarts : {false, true}) {
    FakeHost a("A");
    FakeHost z("Z");
    add(a, "1"), add(a, "2"), a.run();
    add(z, "0"), z.run();
    auto first = open(z);
    z.run();
    add(z, "own"), z.run();
    z.join_from(a);
    z.run();
    auto found = heard(*first);
    ASSERT_EQ(found.size(), 4u);  // its start, an own change, two of the join
    first->leave();
    z.run();
    if (restarts) z.restart(true);

    std::vector<std::shared_ptr<FakeExchange>> resumed;
    for (const Heard& one : found) resumed.push_back(open(z, one.id));
    z.run();
    add(z, "last"), z.run();

    for (std::size_t i = 0; i < 4; ++i) {
      bool all_received = i == 3;
      EXPECT_EQ(resets(*resumed[i]), all_received ? 0u : 1u) << i;
      EXPECT_EQ(ids(*resumed[i]), (std::vector<std::string>{"last"})) << i;
    }
  }
}

TEST(Events, AJoinThatMovesNothingIsNoReset) {
  FakeHost a("A");
  FakeHost z("Z");
  add(a, "1"), a.run();
  z.learn_from(a);
  add(a, "gone"), a.run();
  body(a, "DELETE", "/snapshots/remove/gone");
  auto first = open(z);
  z.run();
  add(z, "own"), z.run();
  z.join_from(a);
  z.run();
  ASSERT_EQ(z.replica().vector().seq_of(a.replica().own_actor()), 3u);

  auto second = open(z, heard(*first).at(0).id);
  z.run();

  EXPECT_EQ(ids(*second), (std::vector<std::string>{"own"}));
  EXPECT_EQ(resets(*second), 0u);
}

TEST(Events, AJoinThatBringsMoreThanIsKeptIsAResetOfEveryStream) {
  for (bool by_bytes : {false, true}) {
    ReplicaOptions tight;
    by_bytes ? tight.join.events_bytes_max = 100 : tight.join.events_max = 2;
    FakeHost a("A");
    FakeHost z("Z", tight);
    for (int i = 0; i < 60; ++i) add(a, std::to_string(i), R"({"size":100})"), a.run();
    auto live = open(z);
    auto of_images = open(z, "", "?object=images");
    z.run();
    auto reading = open(z);
    while (z.start_turn() || z.finish_turn() || z.loop_step()) {
    }
    ASSERT_TRUE(z.start_read()) << "its snapshot is from before the join";
    z.join_from(a);
    while (z.start_turn() || z.finish_turn() || z.loop_step()) {
    }
    add(z, "own");
    z.run();
    add(z, "last");
    z.run();

    for (const auto& stream : {live, reading}) {
      EXPECT_EQ(resets(*stream), 1u);
      auto told = ids(*stream);
      ASSERT_FALSE(told.empty());
      EXPECT_EQ(told.back(), "last");
      EXPECT_LE(told.size(), 2u) << "nothing of the join, and not twice";
      auto again = open(z, heard(*stream).back().id);
      z.run();
      EXPECT_EQ(resets(*again), 0u);
    }
    EXPECT_EQ(resets(*of_images), 1u);
  }
}

}  // namespace
}  // namespace agent
