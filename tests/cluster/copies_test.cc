// Data directories that were copied or restored. Every start writes under an actor of its own (rule
// 2), and changes that other agents hold come back.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/cluster/cluster.h"

namespace cluster {
namespace {

namespace fs = std::filesystem;

// Files of a running agent may disappear during the copy. The copy has those that could be read.
void copy_tree(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  fs::permissions(to, fs::perms::owner_all);
  for (const auto& entry : fs::directory_iterator(from)) {
    std::string name = entry.path().filename();
    if (name == "lock" || name == "agent.json") continue;
    std::error_code gone;
    fs::copy(entry.path(), to / name, fs::copy_options::overwrite_existing, gone);
  }
}

std::string status_field(AgentProcess& agent, const std::string& name) {
  auto status = agent.client().get("/v1/status");
  return status.ok() ? json_field(status->body, name) : "";
}

class Copies : public ::testing::Test {
 protected:
  Copies() {
    EXPECT_TRUE(mesh_.all_alive(3, kAgree)) << mesh_.states();
    for (int i = 0; i < 30; ++i) write(1, "before" + std::to_string(i));
    EXPECT_TRUE(mesh_.converged(kAgree)) << mesh_.states();
  }
  void write(std::size_t agent, const std::string& id) {
    ASSERT_TRUE(add_snapshot(mesh_[agent], id)) << mesh_[agent].log();
    written_.push_back(id);
  }
  // Its peers hold a later start of the boot epoch that was put back, so n2 may take another node
  // id first, and answers 503 meanwhile.
  void write_when_it_may(const std::string& id) {
    ASSERT_TRUE(support::eventually(kAgree, [&] { return add_snapshot(mesh_[1], id); }));
    written_.push_back(id);
  }
  // The actor of a write of n2: its dot begins with it. The status may already name no actor,
  // because the agent takes another node id.
  std::string actor_that_writes() {
    std::string dot;
    EXPECT_TRUE(support::eventually(kAgree, [&] {
      auto written = mesh_[1].client().patch(
          "/v1/objects/rounds", R"({"type":"gcounter","ops":[{"op":"increment","by":1}]})");
      if (written.ok() && written->status == 200) dot = json_field(written->body, "dot");
      return !dot.empty();
    })) << mesh_[1].log();
    return dot.substr(0, dot.find(':'));
  }
  // A fourth agent on a copy of n2's data.
  AgentProcess& start_copy() {
    auto options = mesh_.usual("copy");
    copy_tree(data_of_n2(), options.root / "data");
    return mesh_.add(options);
  }
  fs::path data_of_n2() const { return mesh_.folder() / "n2/data"; }
  void all_write_and_agree(std::size_t members) {
    EXPECT_TRUE(mesh_.all_alive(members, kAgree)) << mesh_.states();
    for (int i = 0; i < 5; ++i) {
      for (std::size_t k = 0; k < mesh_.size(); ++k) {
        write(k, "after" + std::to_string(k) + "-" + std::to_string(i));
      }
    }
    ASSERT_TRUE(mesh_.converged(kAgree)) << mesh_.states();
    for (std::size_t k = 0; k < mesh_.size(); ++k) {
      for (const std::string& id : written_) EXPECT_EQ(get_snapshot(mesh_[k], id), "{}") << id;
    }
    std::set<std::string> actors;
    for (std::size_t k = 0; k < mesh_.size(); ++k) {
      actors.insert(status_field(mesh_[k], "actor_id"));
      EXPECT_EQ(metric(mesh_[k], "hearsay_divergences_total"), 0u);
    }
    EXPECT_EQ(actors.size(), mesh_.size());
  }
  void nobody_saw_two_contents_of_one_number() {
    for (std::size_t k = 0; k < mesh_.size(); ++k) {
      EXPECT_EQ(metric(mesh_[k], R"(hearsay_notices_total{kind="equivocation"})"), 0u);
    }
  }
  Cluster mesh_{3};
  std::vector<std::string> written_;
};

TEST_F(Copies, ACopyOfAStoppedAgentIsAnotherNode) {
  std::string actor = status_field(mesh_[1], "actor_id");
  std::string node = mesh_[1].node_id();
  ASSERT_EQ(*mesh_[1].stop(), 0);

  AgentProcess& copy = start_copy();
  ASSERT_TRUE(mesh_[1].restart().ok());

  all_write_and_agree(4);
  nobody_saw_two_contents_of_one_number();
  EXPECT_NE(copy.node_id(), node);
  EXPECT_EQ(mesh_[1].node_id(), node);
  EXPECT_NE(status_field(mesh_[1], "actor_id"), actor) << "an actor lives for one run";
}

// Copies all files as they are at one moment, as a snapshot of a disk does, while the agent writes.
TEST_F(Copies, ACopyOfARunningAgentIsAnotherNode) {
  std::string actor = status_field(mesh_[1], "actor_id");
  mesh_[1].process().signal(SIGSTOP);

  AgentProcess& copy = start_copy();
  mesh_[1].process().signal(SIGCONT);

  all_write_and_agree(4);
  nobody_saw_two_contents_of_one_number();
  EXPECT_NE(copy.node_id(), mesh_[1].node_id());
  EXPECT_EQ(status_field(mesh_[1], "actor_id"), actor);
}

TEST_F(Copies, ABackupPutBackStartsANewActorAndGetsTheRestFromOthers) {
  std::string actor = status_field(mesh_[1], "actor_id");
  ASSERT_EQ(*mesh_[1].stop(), 0);
  fs::path backup = mesh_.folder() / "backup";
  copy_tree(data_of_n2(), backup);
  ASSERT_TRUE(mesh_[1].restart().ok());
  for (int i = 0; i < 20; ++i) write(1, "later" + std::to_string(i));
  EXPECT_NE(status_field(mesh_[1], "actor_id"), actor);
  ASSERT_TRUE(mesh_.converged(kAgree)) << mesh_.states();
  ASSERT_EQ(*mesh_[1].stop(), 0);

  fs::remove_all(data_of_n2());
  copy_tree(backup, data_of_n2());
  std::string node = mesh_[1].node_id();
  ASSERT_TRUE(mesh_[1].restart().ok());
  // Before it has heard how far its old actor went. Its peers hold another start of the same boot
  // epoch, so it takes another node id, and answers 503 meanwhile.
  ASSERT_TRUE(support::eventually(kAgree, [&] { return add_snapshot(mesh_[1], "at-once"); }));
  written_.push_back("at-once");
  ASSERT_TRUE(support::eventually(kAgree, [&] {
    std::string now = status_field(mesh_[1], "node_id");
    return !now.empty() && now != node;
  })) << mesh_[1].log();

  all_write_and_agree(3);
  nobody_saw_two_contents_of_one_number();
  EXPECT_NE(status_field(mesh_[1], "actor_id"), actor);
}

TEST_F(Copies, WithoutItsDataAnAgentStartsEmptyAndGetsAllFromOthers) {
  std::string actor = status_field(mesh_[1], "actor_id");
  mesh_[1].kill9();
  fs::remove_all(data_of_n2());

  ASSERT_TRUE(mesh_[1].restart().ok());

  all_write_and_agree(3);
  nobody_saw_two_contents_of_one_number();
  EXPECT_NE(status_field(mesh_[1], "actor_id"), actor);
}

// A backup is put back on its own host and path. It has the same node id and an older boot epoch;
// the other agents tell it so.
TEST_F(Copies, ADirectoryPutBackTwiceNeverReusesAnActor) {
  ASSERT_EQ(*mesh_[1].stop(), 0);
  fs::path backup = mesh_.folder() / "backup";
  copy_tree(data_of_n2(), backup);
  std::set<std::string> actors;
  for (int round = 0; round < 3; ++round) {
    fs::remove_all(data_of_n2());
    copy_tree(backup, data_of_n2());
    ASSERT_TRUE(mesh_[1].restart().ok());
    write_when_it_may("round" + std::to_string(round));
    actors.insert(actor_that_writes());
    ASSERT_TRUE(mesh_.converged(kAgree)) << mesh_.states();
    if (round < 2) {
      ASSERT_EQ(*mesh_[1].stop(), 0);
    }
  }

  all_write_and_agree(3);
  nobody_saw_two_contents_of_one_number();
  EXPECT_EQ(actors.size(), 3u);
}

// The agent writes before it has heard that it was put back. None of these writes is lost.
TEST_F(Copies, WhatAnOldBackupWroteAloneIsKept) {
  ASSERT_EQ(*mesh_[1].stop(), 0);
  fs::path backup = mesh_.folder() / "backup";
  copy_tree(data_of_n2(), backup);
  ASSERT_TRUE(mesh_[1].restart().ok());
  for (int i = 0; i < 20; ++i) write(1, "later" + std::to_string(i));
  ASSERT_TRUE(mesh_.converged(kAgree)) << mesh_.states();
  ASSERT_EQ(*mesh_[1].stop(), 0);
  fs::remove_all(data_of_n2());
  copy_tree(backup, data_of_n2());
  mesh_[0].process().signal(SIGSTOP);
  mesh_[2].process().signal(SIGSTOP);

  ASSERT_TRUE(mesh_[1].restart().ok());
  for (int i = 0; i < 3; ++i) write(1, "alone" + std::to_string(i));
  mesh_[0].process().signal(SIGCONT);
  mesh_[2].process().signal(SIGCONT);

  EXPECT_TRUE(support::eventually(kAgree, [&] {
    return get_snapshot(mesh_[2], "alone2") == "{}" && add_snapshot(mesh_[1], "first");
  })) << mesh_.states();
  all_write_and_agree(3);
  nobody_saw_two_contents_of_one_number();
}

}  // namespace
}  // namespace cluster
