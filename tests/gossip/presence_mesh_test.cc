// Presences in whole meshes on virtual time.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/gossip/liar.h"
#include "tests/gossip/mesh.h"

namespace gossip::testing {
namespace {

Mesh& grow(Mesh& mesh, std::size_t hosts) {
  mesh.add();
  while (mesh.size() < hosts) mesh.add({0});
  EXPECT_TRUE(mesh.run_until([&] { return mesh.acquainted(); }, base::seconds(30)));
  return mesh;
}

std::vector<std::string> shown(Mesh& mesh, std::size_t host) {
  std::vector<std::string> texts;
  for (const PresenceView& view : mesh.node(host).presences(mesh.now(), "t")) {
    texts.push_back(view.key + "=" + view.body);
  }
  return texts;
}

void show(Mesh& mesh, std::size_t host, const std::string& key, const base::Bytes& body) {
  EXPECT_TRUE(mesh.set_presence(host, "t", key, body).ok());
}

// The number of presences that all running hosts show together.
std::size_t shown_by_all(Mesh& mesh) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < mesh.size(); ++i) {
    if (mesh.host(i).node != nullptr) sum += shown(mesh, i).size();
  }
  return sum;
}

std::string host_key(std::size_t host) { return "h" + std::to_string(host); }

using Texts = std::vector<std::string>;

class LossyPresences : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(LossyPresences, AreSeenByAllAndEndEverywhereWithTheirOrigin) {
  Mesh mesh(GetParam());
  grow(mesh, 30);
  mesh.faults.loss_percent = 20;
  mesh.faults.duplicate_percent = 10;
  mesh.faults.delay_max = base::millis(50);
  for (std::size_t i = 0; i < 30; ++i) {
    ASSERT_TRUE(mesh.set_presence(i, "t", host_key(i), "1").ok());
  }
  const base::Now set = mesh.now();

  EXPECT_TRUE(mesh.run_until([&] { return shown_by_all(mesh) == 900; }, base::seconds(3)))
      << shown_by_all(mesh);
  RecordProperty("millis_until_all", std::to_string((mesh.now().instant - set.instant).millis()));
  mesh.crash(7);
  auto ended = [&] {
    for (std::size_t i = 0; i < mesh.size(); ++i) {
      if (i == 7) continue;
      Texts texts = shown(mesh, i);
      if (std::find(texts.begin(), texts.end(), "h7=1") != texts.end()) return false;
    }
    return true;
  };
  EXPECT_FALSE(ended());
  EXPECT_TRUE(mesh.run_until(ended, base::seconds(30)));
  // On each hop a presence gains the time that its message took.
  mesh.run(set.instant + base::seconds(32) - mesh.now().instant);
  EXPECT_EQ(shown_by_all(mesh), 0u);  // nobody renewed theirs
  mesh.run(base::seconds(40));
  EXPECT_EQ(shown_by_all(mesh), 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, LossyPresences, ::testing::Range<std::uint64_t>(1, 9));

TEST(PresenceMesh, WhatIsRenewedStaysAndTheLatestBodyWins) {
  Mesh mesh(1);
  grow(mesh, 8);
  mesh.faults.loss_percent = 20;
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(mesh.set_presence(3, "t", "k", std::to_string(i)).ok());
    mesh.run(base::seconds(10));
  }

  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(shown(mesh, i), (Texts{"k=11"})) << i;
}

TEST(PresenceMesh, AnEndIsToldAndLateCopiesChangeNothing) {
  Mesh mesh(2);
  grow(mesh, 8);
  mesh.faults.loss_percent = 20;
  show(mesh, 3, "k", "x");
  ASSERT_TRUE(mesh.run_until([&] { return shown_by_all(mesh) == 8; }, base::seconds(3)));
  const wire::Presence copy{mesh.host(3).identity.node,
                            (mesh.host(3).identity.boot_epoch << 32) + 1,
                            "t",
                            "k",
                            29'000,
                            "x"};

  EXPECT_TRUE(mesh.drop_presence(3, "t", "k"));
  EXPECT_FALSE(mesh.drop_presence(3, "t", "k"));
  EXPECT_TRUE(mesh.run_until([&] { return shown_by_all(mesh) == 0; }, base::seconds(3)));
  for (int i = 0; i < 20; ++i) {
    for (std::size_t to = 0; to < 8; ++to) {
      if (to != 5) mesh.frame(5, to, copy);
    }
    mesh.run(base::seconds(1));
    ASSERT_EQ(shown_by_all(mesh), 0u);
  }
}

TEST(PresenceMesh, EndsAtOnceWhenItsOriginLeaves) {
  Mesh mesh(3);
  grow(mesh, 8);
  show(mesh, 3, "k", "x");
  ASSERT_TRUE(mesh.run_until([&] { return shown_by_all(mesh) == 8; }, base::seconds(1)));

  mesh.leave(3);

  EXPECT_TRUE(mesh.run_until([&] { return shown_by_all(mesh) == 0; }, base::seconds(1)));
  EXPECT_EQ(mesh.set_presence(3, "t", "k", "x").error().code, base::Code::kConflict);
  mesh.rejoin(3);
  mesh.run(base::seconds(5));
  EXPECT_EQ(shown_by_all(mesh), 0u);
  EXPECT_TRUE(mesh.set_presence(3, "t", "k", "y").ok());
  EXPECT_TRUE(mesh.run_until([&] { return shown_by_all(mesh) == 8; }, base::seconds(3)));
}

TEST(PresenceMesh, EndsWhereItsOriginIsDeclaredDead) {
  Mesh mesh(4);
  grow(mesh, 8);
  mesh.run(base::seconds(5));
  show(mesh, 3, "k", "x");
  ASSERT_TRUE(mesh.run_until([&] { return shown_by_all(mesh) == 8; }, base::seconds(1)));
  const base::Now crashed = mesh.now();
  mesh.crash(3);

  auto dead_here = [&] { return !mesh.host(0).up[mesh.host(3).identity.node]; };
  ASSERT_TRUE(mesh.run_until(dead_here, base::seconds(20)));
  EXPECT_LT((mesh.now().instant - crashed.instant).millis(), 20'000);
  EXPECT_EQ(shown(mesh, 0), Texts{});
}

// The count of a new start begins anew, and its versions are above those of the former one.
TEST(PresenceMesh, ARestartedOriginIsBelieved) {
  Mesh mesh(5);
  grow(mesh, 4);
  for (int i = 0; i < 20; ++i) show(mesh, 2, "k", "before");
  mesh.run(base::seconds(1));
  mesh.crash(2);
  mesh.start(2, {0});
  mesh.run(base::seconds(2));

  ASSERT_TRUE(mesh.set_presence(2, "t", "k", "after").ok());

  auto all_see_it = [&] {
    for (std::size_t i = 0; i < 4; ++i) {
      if (shown(mesh, i) != Texts{"k=after"}) return false;
    }
    return true;
  };
  EXPECT_TRUE(mesh.run_until(all_see_it, base::seconds(2)));
}

TEST(PresenceMesh, WhoJoinsSeesItAtTheNextRenewal) {
  Mesh mesh(6);
  grow(mesh, 4);
  show(mesh, 1, "k", "x");
  mesh.run(base::seconds(9));
  std::size_t late = mesh.add({0});
  mesh.run(base::seconds(1));
  ASSERT_TRUE(mesh.acquainted());

  show(mesh, 1, "k", "x");

  EXPECT_TRUE(mesh.run_until([&] { return shown(mesh, late) == Texts{"k=x"}; }, base::seconds(1)));
}

TEST(PresenceMesh, GoesOverSessionsWhereDatagramsAreLost) {
  Pair pair(7);
  Mesh& mesh = pair.mesh;
  mesh.cut_datagrams(0, 1);
  mesh.run(base::seconds(20));
  ASSERT_EQ(mesh.state_of(0, 1), MemberState::kAlive);

  show(mesh, 0, "k", "x");

  EXPECT_TRUE(mesh.run_until([&] { return shown(mesh, 1).size() == 1; }, base::seconds(2)));
}

TEST(PresenceMesh, OfAnUnknownOrLeftOriginIsDropped) {
  Mesh mesh(8);
  grow(mesh, 4);
  wire::Presence told{{}, 1, "t", "k", 30'000, "x"};
  told.origin.bytes.fill(0xEE);
  mesh.frame(1, 0, told);
  EXPECT_EQ(mesh.node(0).stats().presences_dropped_origin, 1u);
  mesh.leave(3);
  mesh.run(base::seconds(1));
  told.origin = mesh.host(3).identity.node;
  told.version = UINT64_MAX;
  mesh.frame(1, 0, told);

  EXPECT_EQ(mesh.node(0).stats().presences_dropped_origin, 2u);
  mesh.run(base::seconds(1));
  EXPECT_EQ(shown_by_all(mesh), 0u);
}

std::uint64_t sum(Mesh& mesh, std::uint64_t Stats::*count) {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < mesh.size(); ++i) all += mesh.node(i).stats().*count;
  return all;
}

// A member that lies sends new presences as fast as it can. Others still see each other's, nobody
// is suspected because of it, and no agent sends more than its budget.
TEST(PresenceMesh, AFloodOfOneMemberIsBounded) {
  Mesh mesh(9);
  grow(mesh, 10);
  mesh.run(base::seconds(5));
  NodeId forged;
  forged.bytes.fill(0x66);
  Liar liar(mesh, 0, forged);
  liar.say({wire::Join{liar.self()}});
  const std::uint64_t suspicions = sum(mesh, &Stats::suspicions);
  const std::uint64_t sent_before = sum(mesh, &Stats::bytes_sent);
  std::uint64_t version = 0;
  for (int tick = 0; tick < 100; ++tick) {
    for (int i = 0; i < 200; ++i) {
      ++version;
      wire::Presence told{
          forged, version, "t", "z" + std::to_string(version), 30'000, base::Bytes(900, 'z')};
      liar.say({told});
    }
    if (tick % 20 == 0) {
      liar.claim(liar.self());
      show(mesh, 4, "calm", std::to_string(tick));
    }
    mesh.run(base::millis(100));
  }

  ASSERT_GT(mesh.node(0).stats().presences_received, 19'000u);
  EXPECT_GT(mesh.node(0).stats().presences_dropped_rate, 10'000u);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_LE(mesh.node(i).presence_count(), 512u + 1u) << i;
    Texts texts = shown(mesh, i);
    EXPECT_TRUE(!texts.empty() && texts[0] == "calm=80") << i;
    EXPECT_LE(mesh.node(i).stats().presence_bytes_sent, 11u * (256u << 10)) << i;
    EXPECT_TRUE(mesh.host(i).declared_dead.empty() ||
                mesh.host(i).declared_dead == std::vector<NodeId>{forged})
        << i;
  }
  EXPECT_TRUE(mesh.acquainted());
  EXPECT_LE(sum(mesh, &Stats::suspicions) - suspicions, 10u);  // of the liar, which answers no ping
  // What was sent for presences is part of the bytes that the node counts.
  EXPECT_GT(sum(mesh, &Stats::presence_bytes_sent), 0u);
  EXPECT_GE(sum(mesh, &Stats::bytes_sent) - sent_before, sum(mesh, &Stats::presence_bytes_sent));
}

// Garbage of a member with the key: any field.
TEST(PresenceMesh, SurvivesMessagesOfChance) {
  Mesh mesh(10);
  grow(mesh, 4);
  auto random = base::Random::from_number(10);
  for (int i = 0; i < 3'000; ++i) {
    auto origin = random.below(4);
    auto from = 1 + random.below(3);
    auto life = random.below(3) == 0 ? 0 : random.below(30'001);
    auto size = life == 0 ? 0 : random.below(700);
    auto key = random.below(40);
    auto shift = random.below(64);
    auto version = random.next() >> shift;
    wire::Presence told{mesh.host(origin).identity.node, version, "t", std::to_string(key), life,
                        base::Bytes(size, 'b')};
    mesh.frame(from, 0, told);
    if (i % 10 == 0) mesh.run(base::millis(30));
  }
  EXPECT_TRUE(mesh.acquainted());

  mesh.run(base::seconds(31));
  EXPECT_EQ(shown_by_all(mesh), 0u);
  show(mesh, 0, "k", "x");
  EXPECT_TRUE(mesh.run_until([&] { return shown_by_all(mesh) == 4; }, base::seconds(2)));
}

}  // namespace
}  // namespace gossip::testing
