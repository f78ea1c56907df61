// Each agent is in its own network namespace. The network between them drops packets as real
// networks do.

#include <gtest/gtest.h>

#include "tests/cluster/cluster.h"
#include "tests/support/lab.h"

namespace cluster {
namespace {

class InLab : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string missing = support::Lab::missing();
    if (!missing.empty()) GTEST_SKIP() << missing;
  }
  // Every agent joins all others. With `joins`, agent i joins joins[i].
  void start(std::size_t count, const std::vector<std::size_t>& joins = {}) {
    auto lab = support::Lab::make(count);
    ASSERT_TRUE(lab.ok()) << lab.error().message;
    lab_ = std::move(*lab);
    mesh_ = std::make_unique<Cluster>(0);
    for (std::size_t i = 0; i < count; ++i) {
      auto options = mesh_->usual("n" + std::to_string(i + 1));
      options.network = &lab_->network(i);
      options.bind = lab_->address(i);
      options.join.clear();
      if (joins.empty() && i > 0) options.join = {lab_->address(0)};
      if (i < joins.size() && joins[i] != i) options.join = {lab_->address(joins[i])};
      mesh_->add(options);
    }
  }
  void meet() { ASSERT_TRUE(mesh_->all_alive(mesh_->size(), kAgree)) << mesh_->states(); }
  void rule(std::size_t host, const std::string& text) {
    auto made = lab_->rule(host, text);
    ASSERT_TRUE(made.ok()) << made.error().message;
  }
  void rule_everywhere(const std::string& text) {
    for (std::size_t i = 0; i < mesh_->size(); ++i) rule(i, text);
  }
  void write(int each, const std::string& metadata = "{}") {
    for (int i = 0; i < each; ++i) {
      for (std::size_t k = 0; k < mesh_->size(); ++k) {
        std::string id = std::to_string(k) + "-" + std::to_string(i);
        ASSERT_TRUE(add_snapshot((*mesh_)[k], id, metadata));
        written_.push_back(id);
      }
    }
  }
  void all_have_all() {
    ASSERT_TRUE(mesh_->converged(kAgree)) << mesh_->states();
    for (std::size_t k = 0; k < mesh_->size(); ++k) {
      auto client = (*mesh_)[k].client();
      for (const std::string& id : written_) {
        EXPECT_EQ(client.get("/v1/objects/snapshots/" + id)->status, 200) << id << " on " << k;
      }
    }
  }
  std::string state_of(std::size_t seen_by, std::size_t member) {
    auto members = (*mesh_)[seen_by].client().get("/v1/members");
    if (!members.ok()) return members.error().message;
    auto at = members->body.find((*mesh_)[member].node_id());
    if (at == std::string::npos) return "unknown";
    auto state = members->body.find(R"("state":")", at);
    return members->body.substr(state + 9, members->body.find('"', state + 9) - state - 9);
  }
  // Of one of the other members.
  bool says(std::size_t host, const std::string& flag) {
    auto members = (*mesh_)[host].client().get("/v1/members");
    return members.ok() && members->body.find('"' + flag + "\":true") != std::string::npos;
  }
  bool somebody_says(const std::string& flag) {
    return support::eventually(kAgree, [&] {
      for (std::size_t k = 0; k < mesh_->size(); ++k) {
        if (says(k, flag)) return true;
      }
      return false;
    });
  }
  // Waits `millis`. True if no agent took another one for dead in that time.
  bool nobody_dies(Millis millis) {
    std::string all;
    bool died = support::eventually(millis, [&] {
      all.clear();
      for (std::size_t k = 0; k < mesh_->size(); ++k) all += (*mesh_)[k].log();
      return all.find("member_down") != std::string::npos;
    });
    if (died) std::cout << all;
    return !died;
  }
  std::unique_ptr<support::Lab> lab_;
  std::unique_ptr<Cluster> mesh_;
  std::vector<std::string> written_;
};

TEST_F(InLab, ThirtyPercentLossOnlyDelays) {
  start(4);
  meet();
  rule_everywhere("udp dport 7700 numgen random mod 100 < 30 drop");

  write(25);

  all_have_all();
  EXPECT_GT(lab_->hits(0), 20u);
  ASSERT_TRUE(lab_->clear(0).ok());
}

// n1 hears n2, but n2 does not hear n1. n3 hears and reaches both.
TEST_F(InLab, OneWayDropIsBridgedByTheThird) {
  start(3);
  meet();
  rule(1, "ip saddr " + lab_->ip(0) + " drop");

  write(10);

  all_have_all();
  EXPECT_GT(lab_->hits(1), 0u);
}

TEST_F(InLab, WhereLongPacketsVanishAllArrivesAndNobodyDies) {
  start(3);
  meet();
  rule_everywhere("meta length > 1000 drop");

  write(10, noise_metadata(600));

  EXPECT_TRUE(nobody_dies(Millis{3'000}));
  all_have_all();
}

// A black hole: no ICMP says that a packet was too long.
TEST_F(InLab, WhereLongPacketsVanishLargeValuesArrive) {
  start(3);
  meet();
  rule_everywhere("meta length > 1000 drop");

  write(1, noise_metadata(20'000));
  all_have_all();
  write(1, noise_metadata(1'000'000));
  all_have_all();
}

TEST_F(InLab, WithoutTcpSmallChangesTravelByUdpAlone) {
  start(3);
  rule_everywhere("tcp dport 7700 drop");
  meet();

  write(10);

  EXPECT_TRUE(support::eventually(kAgree, [&] {
    for (std::size_t k = 0; k < mesh_->size(); ++k) {
      if (get_snapshot((*mesh_)[k], written_.back()).empty()) return false;
    }
    return true;
  })) << mesh_->states();
  EXPECT_TRUE(nobody_dies(Millis{3'000}));
  write(1, noise_metadata(200'000));  // needs a session
  EXPECT_TRUE(somebody_says("tcp_blocked"));
  for (std::size_t k = 0; k < mesh_->size(); ++k) ASSERT_TRUE(lab_->clear(k).ok());
  all_have_all();
  EXPECT_FALSE(says(0, "tcp_blocked"));
}

TEST_F(InLab, WithoutUdpSessionsKeepTheMembers) {
  start(3);
  meet();
  rule_everywhere("udp dport 7700 drop");

  EXPECT_TRUE(nobody_dies(Millis{5'000}));
  EXPECT_TRUE(somebody_says("udp_blocked"));
  write(10);

  all_have_all();
  EXPECT_GT(lab_->hits(0), 0u);
}

// n1 and n3 cannot reach each other at all: what one writes comes to the other through n2.
TEST_F(InLab, TheEndsOfALineConvergeThroughItsMiddle) {
  start(3, {0, 0, 1});
  rule(0, "ip saddr " + lab_->ip(2) + " drop");
  rule(2, "ip saddr " + lab_->ip(0) + " drop");
  ASSERT_TRUE(support::eventually(kAgree, [&] {
    return state_of(1, 0) == "alive" && state_of(1, 2) == "alive";
  })) << mesh_->states();

  write(10);

  all_have_all();
  write(1, noise_metadata(200'000));
  all_have_all();
}

// The mesh is split in two halves, both write, and the split ends.
TEST_F(InLab, TwoHalvesThatWriteApartAgreeWhenTheyMeetAgain) {
  start(4);
  meet();
  for (std::size_t host : {0u, 1u}) {
    for (std::size_t other : {2u, 3u}) {
      rule(host, "ip saddr " + lab_->ip(other) + " drop");
      rule(other, "ip saddr " + lab_->ip(host) + " drop");
    }
  }
  ASSERT_TRUE(support::eventually(kAgree, [&] {
    return state_of(0, 3) == "dead" && state_of(3, 0) == "dead";
  })) << mesh_->states();
  write(10);
  EXPECT_EQ(get_snapshot((*mesh_)[3], "0-9"), "");

  for (std::size_t k = 0; k < 4; ++k) ASSERT_TRUE(lab_->clear(k).ok());

  meet();
  all_have_all();
}

}  // namespace
}  // namespace cluster
