// The mesh as an operator sees it: one program on each host, one key, the same catalog everywhere.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "tests/cluster/cluster.h"

namespace cluster {
namespace {

TEST(Mesh, ASnapshotAddedOnOneIsReadOnTheOthers) {
  Cluster mesh(3);
  ASSERT_TRUE(mesh.all_alive(3)) << mesh.states();

  ASSERT_TRUE(add_snapshot(mesh[0], "snap1", R"({"size":1024,"cluster":"a"})"));

  for (std::size_t i = 1; i < 3; ++i) {
    EXPECT_TRUE(support::eventually(Millis{5'000}, [&] {
      return get_snapshot(mesh[i], "snap1") == R"({"cluster":"a","size":1024})";
    })) << mesh.states();
  }
  EXPECT_TRUE(mesh.converged()) << mesh.states();
}

TEST(Mesh, ALateAgentFetchesWhatItMissed) {
  Cluster mesh(2);
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(
        add_snapshot(mesh[static_cast<std::size_t>(i) % 2], "s" + std::to_string(i), R"({"n":1})"));
  }

  mesh.add(mesh.usual("n3"));

  EXPECT_TRUE(mesh.converged()) << mesh.states();
  EXPECT_EQ(get_snapshot(mesh[2], "s499"), R"({"n":1})");
}

TEST(Mesh, SeedsMayComeLater) {
  Cluster mesh(1);
  std::string seed = mesh[0].bind();
  ASSERT_TRUE(add_snapshot(mesh[0], "early"));
  mesh[0].kill9();
  support::AgentOptions options = mesh.usual("n2");
  options.join = {seed};
  mesh.add(options);
  ASSERT_TRUE(add_snapshot(mesh[1], "alone"));

  ASSERT_TRUE(mesh[0].restart().ok());

  EXPECT_TRUE(mesh.converged()) << mesh.states();
  EXPECT_EQ(get_snapshot(mesh[0], "alone"), "{}");
  EXPECT_EQ(get_snapshot(mesh[1], "early"), "{}");
}

// Five agents, writes on all, two killed and started again, one stopped for a while: nothing that
// was acknowledged is lost, and all digests are equal.
TEST(Mesh, KillsAndPausesLoseNothingAcknowledged) {
  Cluster mesh(5);
  ASSERT_TRUE(mesh.all_alive(5)) << mesh.states();
  std::vector<std::string> acknowledged;
  auto write_round = [&](int round) {
    for (std::size_t i = 0; i < mesh.size(); ++i) {
      if (!mesh[i].process().running()) continue;
      for (int k = 0; k < 5; ++k) {
        std::string id =
            "r" + std::to_string(round) + "-" + std::to_string(i) + "-" + std::to_string(k);
        probe::HttpClient client(mesh[i].http(), Millis{500});
        auto answer = client.post("/snapshots/add/" + id, R"({"by":)" + std::to_string(i) + "}");
        if (answer.ok() && answer->status == 200) acknowledged.push_back(id);
      }
    }
  };

  write_round(0);
  mesh[3].process().signal(SIGSTOP);
  write_round(1);
  mesh[1].kill9();
  write_round(2);
  mesh[2].kill9();
  write_round(3);
  ASSERT_TRUE(mesh[1].restart().ok());
  write_round(4);
  mesh[3].process().signal(SIGCONT);
  ASSERT_TRUE(mesh[2].restart().ok());
  write_round(5);

  ASSERT_TRUE(mesh.converged(Millis{40'000})) << mesh.states();
  for (std::size_t i = 0; i < mesh.size(); ++i) {
    for (const std::string& id : acknowledged) {
      EXPECT_NE(get_snapshot(mesh[i], id), "") << id << " is missing on n" << i + 1;
    }
  }
  EXPECT_GT(acknowledged.size(), 100u);
}

// Rule 3 seen from outside: a peer claims a change after it is on the medium of the peer. The
// writer then sees that the peer lacks nothing.
TEST(Mesh, APeerClaimsWhatItHasFlushed) {
  Cluster mesh(2);
  ASSERT_TRUE(mesh.all_alive(2)) << mesh.states();
  ASSERT_TRUE(add_snapshot(mesh[0], "x"));
  usleep(1'500'000);  // long enough for a peer that does not claim it to be seen as behind

  EXPECT_TRUE(support::eventually(Millis{5'000}, [&] {
    auto members = mesh[0].client().get("/v1/members");
    auto peer = members->body.find(mesh[1].node_id());
    return members->body.find("\"vector_lag\":0", peer) != std::string::npos;
  })) << mesh[0].client().get("/v1/members")->body;
}

TEST(Mesh, ADeletedEntryDoesNotComeBack) {
  Cluster mesh(3);
  ASSERT_TRUE(mesh.all_alive(3)) << mesh.states();
  ASSERT_TRUE(add_snapshot(mesh[0], "x"));
  ASSERT_TRUE(mesh.converged());
  mesh[2].kill9();
  ASSERT_EQ(mesh[1].client().del("/snapshots/remove/x")->status, 200);

  ASSERT_TRUE(mesh[2].restart().ok());

  ASSERT_TRUE(mesh.converged()) << mesh.states();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(get_snapshot(mesh[i], "x"), "");
}

// Two agents without contact write the same object as a whole. After the exchange both show the
// later object, and no field of the earlier one.
TEST(Mesh, ConcurrentWritesApartAgreeOnTheWinner) {
  Cluster mesh(1);
  support::AgentOptions apart = mesh.usual("n2");
  apart.join.clear();
  mesh.add(apart);
  ASSERT_TRUE(add_snapshot(mesh[0], "snap1", R"({"size":1024})"));
  ASSERT_EQ(mesh[0].client().put("/snapshots/metadata/snap1", R"({"status":"completed"})")->status,
            200);
  ASSERT_EQ(mesh[1].client().put("/snapshots/metadata/snap1", R"({"status":"failed"})")->status,
            200);
  EXPECT_EQ(get_snapshot(mesh[1], "snap1"), "");

  auto joined = mesh[1].client().post("/v1/join", R"({"address":")" + mesh[0].bind() + R"("})");

  EXPECT_EQ(json_field(joined->body, "joined"), "true");
  ASSERT_TRUE(mesh.converged()) << mesh.states();
  EXPECT_EQ(get_snapshot(mesh[0], "snap1"), R"({"status":"failed"})");
  EXPECT_EQ(get_snapshot(mesh[1], "snap1"), R"({"status":"failed"})");
}

TEST(Mesh, AnAgentThatLeavesIsSeenToAndMayComeBack) {
  Cluster mesh(3);
  ASSERT_TRUE(mesh.all_alive(3)) << mesh.states();

  ASSERT_EQ(mesh[2].client().post("/v1/leave", "")->status, 200);
  EXPECT_TRUE(support::eventually(Millis{5'000}, [&] {
    auto members = mesh[0].client().get("/v1/members");
    return members.ok() && members->body.find(R"("state":"left")") != std::string::npos;
  })) << mesh.states();

  auto back = mesh[2].client().post("/v1/join", R"({"address":")" + mesh[0].bind() + R"("})");
  EXPECT_EQ(json_field(back->body, "joined"), "true");
  EXPECT_TRUE(mesh.all_alive(3)) << mesh.states();
}

TEST(Mesh, WhoJoinsAnAgentThatHasLeftIsToldSo) {
  Cluster mesh(2);
  ASSERT_TRUE(mesh.all_alive(2)) << mesh.states();
  support::AgentOptions apart = mesh.usual("n3");
  apart.join.clear();
  mesh.add(apart);
  ASSERT_EQ(mesh[0].client().post("/v1/leave", "")->status, 200);

  for (const std::size_t i : {1u, 2u}) {  // it has known the agent before, or hears of it now
    auto joined = mesh[i].client().post("/v1/join", R"({"address":")" + mesh[0].bind() + R"("})");
    EXPECT_EQ(json_field(joined->body, "joined"), "false") << i;
    EXPECT_EQ(json_field(joined->body, "cause"), "has_left") << i << joined->body;
  }
}

TEST(Mesh, EveryStartWritesUnderAnActorOfItsOwn) {
  Cluster mesh(1);
  ASSERT_TRUE(add_snapshot(mesh[0], "x"));
  auto actor = [&] { return json_field(mesh[0].client().get("/v1/status")->body, "actor_id"); };
  std::string first = actor();
  ASSERT_EQ(*mesh[0].stop(), 0);
  ASSERT_TRUE(mesh[0].restart().ok());
  EXPECT_EQ(actor(), "null") << "none before the first own write";
  ASSERT_TRUE(add_snapshot(mesh[0], "w"));
  std::string second = actor();
  EXPECT_NE(second, first);

  mesh[0].kill9();
  ASSERT_TRUE(mesh[0].restart().ok());
  ASSERT_TRUE(add_snapshot(mesh[0], "y"));

  EXPECT_NE(actor(), first);
  EXPECT_NE(actor(), second);
  EXPECT_EQ(get_snapshot(mesh[0], "x"), "{}");
}

}  // namespace
}  // namespace cluster
