// Agents that stand still for a while, and halves of a mesh that start at once.

#include <gtest/gtest.h>
#include <signal.h>

#include <memory>

#include "tests/cluster/cluster.h"
#include "tests/cluster/history.h"
#include "tests/cluster/writer.h"

namespace cluster {
namespace {

class Halves : public ::testing::Test {
 protected:
  Halves() { EXPECT_TRUE(mesh_.all_alive(6, kAgree)) << mesh_.states(); }
  void write_on_all() {
    for (std::size_t i = 0; i < mesh_.size(); ++i) {
      Writer::Plan plan;
      plan.prefix = "n" + std::to_string(i) + "-";
      plan.seed = i;
      plan.pause_micros = 5'000;
      plan.requests_max = 10'000;
      writers_.push_back(std::make_unique<Writer>(mesh_[i].client(), std::move(plan), history_));
    }
  }
  // Every writer has had `count` acknowledgements since it began.
  bool acknowledged(std::size_t from, std::uint64_t count) {
    return support::eventually(kAgree, [&] {
      for (std::size_t i = from; i < writers_.size(); ++i) {
        if (writers_[i]->acknowledged() < count) return false;
      }
      return true;
    });
  }
  void all_agree_with_the_clients() {
    for (auto& writer : writers_) writer->stop();
    writers_.clear();
    EXPECT_TRUE(mesh_.all_alive(6, kAgree)) << mesh_.states();
    ASSERT_TRUE(mesh_.converged(kAgree)) << mesh_.states();
    for (std::size_t i = 0; i < mesh_.size(); ++i) {
      auto read = read_catalog(mesh_[i].client());
      ASSERT_TRUE(read.ok());
      auto wrongs = i == 0 ? history_.settle(*read) : history_.judge(*read);
      EXPECT_TRUE(wrongs.empty()) << wrongs.size() << " on n" << i + 1 << ": " << wrongs.front();
    }
  }
  void restart_half(int signal_number) {
    write_on_all();
    ASSERT_TRUE(acknowledged(0, 20));
    for (std::size_t i = 0; i < 3; ++i) mesh_[i].process().signal(signal_number);
    for (std::size_t i = 0; i < 3; ++i) {
      ASSERT_TRUE(mesh_[i].process().wait(kAgree));
      ASSERT_TRUE(mesh_[i].begin().ok());
    }
    for (std::size_t i = 0; i < 3; ++i) ASSERT_TRUE(mesh_[i].wait_serving().ok());
    EXPECT_TRUE(acknowledged(3, 100));  // the others were written to all the while
    all_agree_with_the_clients();
  }
  Cluster mesh_{6};
  History history_;
  std::vector<std::unique_ptr<Writer>> writers_;
};

TEST_F(Halves, StoppedAndStartedAtOnceTheyComeBack) { restart_half(SIGTERM); }
TEST_F(Halves, KilledAndStartedAtOnceTheyComeBack) { restart_half(SIGKILL); }

// Long enough to be held for dead by the others; a clock that jumped must not make the sleepers
// hold the others for dead. Of each other they may hear so, from those.
TEST_F(Halves, PausedAndWokenAtOnceTheyGoOn) {
  write_on_all();
  ASSERT_TRUE(acknowledged(0, 20));
  for (std::size_t i = 0; i < 3; ++i) mesh_[i].process().signal(SIGSTOP);
  EXPECT_TRUE(support::eventually(kAgree, [&] {
    auto status = mesh_[5].client().get("/v1/status");
    return status.ok() &&
           json_field(status->body, "members").find(R"("alive":3)") != std::string::npos;
  })) << mesh_.states();
  std::uint64_t before = writers_[5]->acknowledged();
  for (std::size_t i = 0; i < 3; ++i) mesh_[i].process().signal(SIGCONT);

  EXPECT_TRUE(mesh_.all_alive(6, kAgree)) << mesh_.states();
  EXPECT_TRUE(acknowledged(0, before)) << "a sleeper does not take writes";

  all_agree_with_the_clients();
  for (std::size_t i = 0; i < 3; ++i) {
    for (const char* awake : {"n4", "n5", "n6"}) {
      auto down = mesh_[i].log().find(std::string("member_down member=") + awake);
      EXPECT_EQ(down, std::string::npos) << mesh_[i].log();
    }
  }
}

}  // namespace
}  // namespace cluster
