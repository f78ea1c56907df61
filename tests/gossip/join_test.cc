// State joins between nodes of a mesh.

#include <gtest/gtest.h>

#include "tests/gossip/mesh.h"

namespace gossip::testing {
namespace {

constexpr std::size_t a = 0;
constexpr std::size_t z = 1;

// A has written 40 changes and kept 5; Z starts empty.
struct Behind {
  explicit Behind(std::uint64_t seed, Options options = {}) : mesh(seed, options) {
    mesh.add();
    for (int i = 0; i < 40; ++i) mesh.write(a);
    mesh.run(base::seconds(1));
    mesh.host(a).replica->prune(5);
  }
  bool converges(base::Duration at_most) {
    return mesh.run_until([&] { return mesh.converged(); }, at_most);
  }
  const Stats& stats() { return mesh.node(z).stats(); }
  Mesh mesh;
};

TEST(StateJoin, FollowsFromALogThatDoesNotReachBack) {
  Behind behind(1);
  behind.mesh.add({a});

  ASSERT_TRUE(behind.converges(base::seconds(2)));
  behind.mesh.run(base::seconds(2));

  EXPECT_EQ(behind.stats().state_joins, 1u);
  EXPECT_EQ(behind.stats().state_joins_merged, 1u);
  EXPECT_EQ(behind.stats().state_join_pages, 14u);  // each has three changes
  EXPECT_FALSE(behind.mesh.node(z).syncing());
}

// Each connection breaks after a tenth of the whole state at most.
TEST(StateJoin, ConnectionsThatAlwaysBreakEarlyAreEnough) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Mesh mesh(seed);
    mesh.add();
    for (int i = 0; i < 50; ++i) mesh.write(a, 20'000);
    mesh.run(base::seconds(1));
    mesh.host(a).replica->prune(5);
    mesh.host(a).replica->page_changes = 50;
    mesh.carried_max = 100'000;
    mesh.add({a});

    bool converged = mesh.run_until([&] { return mesh.converged(); }, base::seconds(180));

    EXPECT_TRUE(converged) << "seed " << seed << ": " << mesh.describe();
    EXPECT_EQ(mesh.host(z).replica->joins_merged, 1u) << "seed " << seed;
  }
}

TEST(StateJoin, SyncingLastsUntilItIsMerged) {
  Behind behind(2);
  behind.mesh.commit_time = base::millis(50);
  behind.mesh.add({a});
  ASSERT_TRUE(
      behind.mesh.run_until([&] { return behind.stats().state_join_pages > 2; }, base::seconds(5)));
  EXPECT_TRUE(behind.mesh.node(z).syncing());

  ASSERT_TRUE(behind.converges(base::seconds(10)));

  EXPECT_TRUE(
      behind.mesh.run_until([&] { return !behind.mesh.node(z).syncing(); }, base::seconds(2)));
}

// Another peer's log has everything that is missing. This peer is asked first, so no join is
// needed.
TEST(StateJoin, TheLogOfAnotherPeerComesFirst) {
  Mesh mesh(4);
  for (int i = 0; i < 3; ++i) mesh.add(i == 0 ? std::vector<std::size_t>{} : std::vector{a});
  mesh.write(2);
  mesh.run(base::seconds(3));
  std::size_t late = 2;
  mesh.cut_both(late, a);
  mesh.cut_both(late, z);
  for (int i = 0; i < 40; ++i) mesh.write(a);
  mesh.run(base::seconds(1));
  mesh.host(a).replica->prune(5);
  mesh.heal();
  mesh.cut_both(late, z);
  auto refused = [&] { return mesh.node(late).stats().below_floor > 0; };
  ASSERT_TRUE(mesh.run_until(refused, base::seconds(3)));

  mesh.heal();

  ASSERT_TRUE(mesh.run_until([&] { return mesh.converged(); }, base::seconds(8)));
  EXPECT_EQ(mesh.node(late).stats().state_joins, 0u);
}

TEST(StateJoin, OneAtATime) {
  Mesh mesh(4);
  mesh.add();
  mesh.add();
  for (int i = 0; i < 40; ++i) mesh.write(static_cast<std::size_t>(i) % 2);
  mesh.run(base::seconds(1));
  mesh.host(a).replica->prune(2);
  mesh.host(z).replica->prune(2);
  std::size_t m = mesh.add({a, z});

  ASSERT_TRUE(mesh.run_until([&] { return mesh.converged(); }, base::seconds(20)));

  EXPECT_EQ(mesh.host(m).replica->joins_merged, 2u);
  EXPECT_EQ(mesh.host(m).replica->joins_ended, 0u);  // no join was ended by another one
}

// Now and then a session to Z breaks. Z then sends its query again over a new session.
TEST(StateJoin, ASessionThatBreaksDoesNotStartItAnew) {
  Behind behind(5);
  behind.mesh.commit_time = base::millis(100);
  behind.mesh.add({a});
  ASSERT_TRUE(
      behind.mesh.run_until([&] { return behind.stats().state_join_pages > 2; }, base::seconds(5)));

  for (int i = 0; i < 6; ++i) {
    behind.mesh.close_session(z, a);
    behind.mesh.close_session(a, z);
    behind.mesh.run(base::millis(70));
  }

  ASSERT_TRUE(behind.converges(base::seconds(10)));
  EXPECT_EQ(behind.stats().state_joins, 1u);
  EXPECT_EQ(behind.stats().state_joins_failed, 0u);
}

TEST(StateJoin, EndsWhenThePeerIsGoneAndBeginsAgainElsewhere) {
  Behind behind(6);
  std::size_t other = 2;
  behind.mesh.add({a});
  behind.mesh.add({a});
  ASSERT_TRUE(behind.converges(base::seconds(5)));
  for (std::size_t i : {a, z}) behind.mesh.host(i).replica->prune(1);
  std::size_t late = behind.mesh.add({a});
  behind.mesh.commit_time = base::millis(100);
  auto pages = [&] { return behind.mesh.node(late).stats().state_join_pages; };
  ASSERT_TRUE(behind.mesh.run_until([&] { return pages() > 1; }, base::seconds(5)));

  behind.mesh.crash(a);

  ASSERT_TRUE(behind.converges(base::seconds(30)));
  EXPECT_GE(behind.mesh.host(late).replica->joins_ended, 1u);
  EXPECT_EQ(behind.mesh.host(other).replica->size(), 40u);
}

TEST(StateJoin, SilenceEndsItAfterThreeQueries) {
  Options quick;
  quick.exchange_timeout = base::seconds(1);
  Behind behind(7, quick);
  behind.mesh.host(a).replica->leases_max = 0;  // always busy
  behind.mesh.add({a});

  behind.mesh.run(base::seconds(60));

  EXPECT_GE(behind.stats().state_joins_failed, 2u);
  EXPECT_LE(behind.stats().state_joins, 8u);  // the gap between tries grows
  EXPECT_LE(behind.mesh.node(a).stats().snapshots_busy, 3 * behind.stats().state_joins);
  EXPECT_GE(behind.mesh.host(z).replica->joins_ended, 2u);
  behind.mesh.host(a).replica->leases_max = 1;
  EXPECT_TRUE(behind.converges(base::seconds(40)));
}

// A serves one peer at a time, and two peers ask.
struct OneServed {
  OneServed() : mesh(8, one()) {
    for (int i = 0; i < 3; ++i) mesh.add(i == 0 ? std::vector<std::size_t>{} : std::vector{a});
    mesh.run(base::seconds(2));
  }
  static Options one() {
    Options options;
    options.join_serve_max = 1;
    return options;
  }
  Actions ask(std::size_t who, std::uint64_t request, base::Bytes query) {
    Actions actions;
    wire::SnapshotRequest message{request, std::move(query)};
    mesh.node(a).receive_frame(mesh.now(), mesh.host(who).identity.node, wire::encode(message),
                               actions);
    return actions;
  }
  bool is_read(const Actions& actions) {
    return actions.size() == 1 && std::holds_alternative<ReadSnapshot>(actions[0]);
  }
  Mesh mesh;
};

TEST(SnapshotServer, KeepsThePlaceOfWhoGoesOnAsking) {
  OneServed served;
  for (std::uint64_t page = 1; page <= 5; ++page) {
    Actions asked = served.ask(1, page, "q" + std::to_string(page));
    ASSERT_TRUE(served.is_read(asked));
    Actions answer;
    std::uint64_t number = std::get<ReadSnapshot>(asked[0]).request;
    served.mesh.node(a).snapshot_read(served.mesh.now(),
                                      {number, SnapshotRead::Outcome::kPage, "p"}, answer);
    served.mesh.run(base::seconds(8));
    EXPECT_FALSE(served.is_read(served.ask(2, 1, "q")));
  }

  served.mesh.run(base::seconds(11));

  EXPECT_TRUE(served.is_read(served.ask(2, 2, "q")));
}

// The answer that was prepared is as large as the one that broke the connection. So it must not be
// sent.
TEST(SnapshotServer, ReadsAgainForWhoWantsLess) {
  OneServed served;
  auto ask = [&](std::uint64_t request, std::uint64_t bytes_max) {
    Actions actions;
    served.mesh.node(a).receive_frame(served.mesh.now(), served.mesh.host(1).identity.node,
                                      wire::encode(wire::SnapshotRequest{request, "q", bytes_max}),
                                      actions);
    return actions;
  };
  auto first = std::get<ReadSnapshot>(ask(1, 8'000).at(0));
  auto second = std::get<ReadSnapshot>(ask(2, 4'000).at(0));
  EXPECT_EQ(first.bytes_max, 8'000u);
  EXPECT_EQ(second.bytes_max, 4'000u);

  Actions answers;
  served.mesh.node(a).snapshot_read(served.mesh.now(),
                                    {first.request, SnapshotRead::Outcome::kPage, "p"}, answers);
  EXPECT_TRUE(answers.empty());
  served.mesh.node(a).snapshot_read(served.mesh.now(),
                                    {second.request, SnapshotRead::Outcome::kPage, "p"}, answers);
  EXPECT_EQ(answers.size(), 1u);
}

TEST(SnapshotServer, GivesThePlaceBackWhenTheReplicaCannot) {
  OneServed served;
  for (auto outcome : {SnapshotRead::Outcome::kBusy, SnapshotRead::Outcome::kGone,
                       SnapshotRead::Outcome::kFailed}) {
    Actions asked = served.ask(1, 1, "q");
    ASSERT_TRUE(served.is_read(asked));
    Actions answer;
    std::uint64_t number = std::get<ReadSnapshot>(asked[0]).request;
    served.mesh.node(a).snapshot_read(served.mesh.now(), {number, outcome, "rubbish"}, answer);
    auto page = wire::decode(std::get<SendFrame>(answer.at(0)).message);
    EXPECT_EQ(std::get<wire::SnapshotAnswer>(std::get<wire::Message>(*page)).body, "");
  }
  EXPECT_TRUE(served.is_read(served.ask(2, 1, "q")));
}

TEST(SnapshotServer, ServesSoManyAndTellsTheOthersBusy) {
  OneServed served;
  Mesh& mesh = served.mesh;
  auto ask = [&](std::size_t who, std::uint64_t request, base::Bytes query) {
    return served.ask(who, request, std::move(query));
  };

  Actions first = ask(1, 5, "q");
  Actions again = ask(1, 6, "q");
  Actions refused = ask(2, 7, "q");
  ASSERT_EQ(first.size(), 1u);
  auto read = std::get<ReadSnapshot>(first[0]);
  EXPECT_EQ(read.query, "q");
  EXPECT_TRUE(again.empty());  // the page is being read; the answer goes to the later request
  ASSERT_EQ(refused.size(), 1u);
  auto busy = wire::decode(std::get<SendFrame>(refused[0]).message);
  EXPECT_EQ(std::get<wire::Message>(*busy),
            wire::Message(wire::SnapshotAnswer{7, wire::SnapshotAnswer::Outcome::kBusy, {}}));

  Actions answer;
  mesh.node(a).snapshot_read(mesh.now(), {read.request, SnapshotRead::Outcome::kPage, "p"}, answer);
  ASSERT_EQ(answer.size(), 1u);
  auto page = wire::decode(std::get<SendFrame>(answer[0]).message);
  EXPECT_EQ(std::get<wire::Message>(*page),
            wire::Message(wire::SnapshotAnswer{6, wire::SnapshotAnswer::Outcome::kPage, "p"}));
  mesh.node(a).snapshot_read(mesh.now(), {read.request, SnapshotRead::Outcome::kPage, "p"}, answer);
  EXPECT_EQ(answer.size(), 1u);  // one answer for both requests
  EXPECT_EQ(std::get<ReadSnapshot>(ask(1, 8, "r").at(0)).query, "r");
}

// Z joins A, and the test itself answers the queries.
struct Asking {
  Asking() : mesh(9) {
    mesh.add();
    mesh.add({a});
    mesh.run(base::seconds(2));
    peer = mesh.host(a).identity.node;
  }
  wire::SnapshotRequest step(const base::Bytes& query) {
    Stored facts;
    facts.state = mesh.host(z).replica->state();
    facts.durable = true;
    facts.join = JoinStep{JoinStep::Kind::kAsk, peer, query};
    actions.clear();
    mesh.node(z).stored(mesh.now(), facts, actions);
    return sent();
  }
  wire::SnapshotRequest sent() {
    for (const Action& action : actions) {
      const auto* frame = std::get_if<SendFrame>(&action);
      if (frame == nullptr) continue;
      auto message = wire::decode(frame->message);
      const auto* known = std::get_if<wire::Message>(&*message);
      if (const auto* request = std::get_if<wire::SnapshotRequest>(known)) return *request;
    }
    return {};
  }
  // The body that the node gives to the replica, if any.
  std::optional<base::Bytes> answer(std::uint64_t request, const base::Bytes& body) {
    actions.clear();
    wire::SnapshotAnswer page{request, wire::SnapshotAnswer::Outcome::kPage, body};
    mesh.node(z).receive_frame(mesh.now(), peer, wire::encode(page), actions);
    for (Action& action : actions) {
      if (auto* given = std::get_if<StateJoinPage>(&action)) return given->body;
    }
    return std::nullopt;
  }
  Mesh mesh;
  NodeId peer;
  Actions actions;
};

TEST(StateJoin, APageThatComesLateIsTaken) {
  Asking asking;
  wire::SnapshotRequest first = asking.step("query");
  base::Now later{asking.mesh.now().instant + base::seconds(11), 0, false};
  asking.actions.clear();
  asking.mesh.node(z).advance(later, asking.actions);
  later.instant = later.instant + base::seconds(2);
  asking.mesh.node(z).advance(later, asking.actions);
  wire::SnapshotRequest second = asking.sent();
  EXPECT_EQ(second.query, "query");
  EXPECT_GT(second.request, first.request);

  EXPECT_EQ(asking.answer(first.request, "late"), "late");
  EXPECT_EQ(asking.answer(second.request, "twice"), std::nullopt);
  wire::SnapshotRequest third = asking.step("next");
  EXPECT_EQ(asking.answer(second.request, "of the former query"), std::nullopt);
  EXPECT_EQ(asking.answer(third.request, "page"), "page");
}

TEST(StateJoin, APageThatDoesNotComeIsAskedForInHalves) {
  Asking asking;
  wire::SnapshotRequest first = asking.step("query");
  asking.actions.clear();
  asking.mesh.node(z).session_closed(asking.mesh.now(), asking.peer, true, asking.actions);
  base::Now later{asking.mesh.now().instant + base::seconds(2), 0, false};
  asking.mesh.node(z).advance(asking.mesh.now(), asking.actions);
  asking.mesh.node(z).advance(later, asking.actions);
  wire::SnapshotRequest second = asking.sent();
  ASSERT_EQ(asking.answer(second.request, "page"), "page");
  wire::SnapshotRequest third = asking.step("next");

  EXPECT_EQ(first.bytes_max, 1u << 20);
  EXPECT_EQ(second.bytes_max, 1u << 19);
  EXPECT_EQ(third.bytes_max, 1u << 20);
}

TEST(StateJoin, EndsWithItsPeerAlsoWhileTheReplicaIsBusy) {
  Asking asking;
  wire::SnapshotRequest request = asking.step("query");
  ASSERT_EQ(asking.answer(request.request, "page"), "page");

  asking.mesh.crash(a);
  asking.mesh.run(base::seconds(10));

  EXPECT_EQ(asking.mesh.host(z).replica->joins_ended, 1u);
}

// Rule 8: the replica starts a join itself after an alarm.
TEST(StateJoin, ThatTheReplicaBeganIsCarried) {
  Asking asking;

  wire::SnapshotRequest request = asking.step("query");

  EXPECT_EQ(request.query, "query");
  EXPECT_EQ(asking.answer(request.request, "page"), "page");
}

}  // namespace
}  // namespace gossip::testing
