// Agents behind a relay that loses, repeats, delays, reorders and damages their messages.

#include <gtest/gtest.h>

#include "tests/cluster/cluster.h"
#include "tools/probe/relay.h"

namespace cluster {
namespace {

// Agents that know each other only by the addresses of the relay.
class BadPaths : public ::testing::Test {
 protected:
  void start(int count) {
    for (int i = 0; i < count; ++i) start_one();
    ASSERT_TRUE(mesh_.all_alive(static_cast<std::size_t>(count), kAgree)) << mesh_.states();
  }
  void start_one() {
    std::size_t agent = relay_.add();
    auto options = mesh_.usual("n" + std::to_string(agent + 1));
    options.more_arguments = {"--advertise", relay_.front(agent)};
    options.join.clear();
    if (agent != 0) options.join = {relay_.front(0)};
    relay_.attach(agent, mesh_.add(options).bind());
  }
  void write(const std::string& prefix, int each, std::size_t digits = 0) {
    for (int i = 0; i < each; ++i) {
      for (std::size_t k = 0; k < mesh_.size(); ++k) {
        std::string id = prefix + std::to_string(k) + "-" + std::to_string(i);
        // Every value is different: compression would make equal values as small as one.
        std::string metadata = noise_metadata(digits, written_.size());
        ASSERT_TRUE(add_snapshot(mesh_[k], id, metadata));
        written_.push_back(id);
      }
    }
  }
  void all_have_all(Millis timeout = kAgree) {
    ASSERT_TRUE(mesh_.converged(timeout)) << mesh_.states();
    for (std::size_t k = 0; k < mesh_.size(); ++k) {
      auto client = mesh_[k].client();
      for (const std::string& id : written_) {
        EXPECT_EQ(client.get("/v1/objects/snapshots/" + id)->status, 200) << id << " on " << k;
      }
    }
  }
  std::uint64_t sum(const std::string& name) {
    std::uint64_t total = 0;
    for (std::size_t k = 0; k < mesh_.size(); ++k) total += metric(mesh_[k], name);
    return total;
  }
  probe::Relay relay_{7};
  Cluster mesh_{0};
  std::vector<std::string> written_;
};

TEST_F(BadPaths, LossRepeatsAndReorderingOnlyDelay) {
  probe::DatagramFaults faults;
  faults.loss = 200;
  faults.duplicate = 200;
  faults.delay_max = Millis{30};
  start(4);
  relay_.set_all(faults);

  write("a", 50);

  all_have_all();
  probe::RelayCounts counts = relay_.counts();
  EXPECT_GT(counts.lost, 50u);
  EXPECT_GT(counts.duplicated, 50u);
  EXPECT_GT(sum(R"(hearsay_refused_total{reason="replay"})"), 50u);
}

TEST_F(BadPaths, DamagedDatagramsAreCountedAndHarmless) {
  probe::DatagramFaults faults;
  faults.corrupt = 300;
  start(3);
  relay_.set_all(faults);

  write("a", 50);

  all_have_all();
  EXPECT_GT(relay_.counts().corrupted, 50u);
  EXPECT_GT(sum(R"(hearsay_refused_total{reason="authentication"})"), 30u);
  EXPECT_EQ(sum(R"(hearsay_refused_total{reason="content"})"), 0u);
  EXPECT_EQ(sum(R"(hearsay_notices_total{kind="equivocation"})"), 0u);
}

// Large values travel on sessions.
TEST_F(BadPaths, DamagedAndCutSessionsAreMadeAgain) {
  probe::StreamFaults damage;
  damage.corrupt = 5;
  damage.bytes_a_turn = 8'192;
  probe::StreamFaults cut;
  cut.cut_at = 1'600'000;
  start(3);

  relay_.set_streams(damage);
  write("a", 20, 120'000);
  all_have_all();
  relay_.set_streams(cut);
  write("b", 20, 120'000);
  all_have_all();

  EXPECT_GT(relay_.counts().bytes_corrupted, 0u);
  EXPECT_GT(relay_.counts().connections, 6u);
  EXPECT_EQ(sum(R"(hearsay_refused_total{reason="content"})"), 0u);
}

// A new agent fetches everything. Three values fit through one connection before it breaks; a page
// of the log (1 MiB) would not.
TEST_F(BadPaths, ConnectionsThatAllBreakEarlyCatchUp) {
  probe::StreamFaults cut;
  cut.cut_at = 100'000;
  start(2);
  write("a", 30, 60'000);
  all_have_all();

  relay_.set_streams(cut);
  start_one();

  all_have_all(Millis{60'000});
  EXPECT_GT(relay_.counts().connections, 10u);
}

// n1 hears n2, n2 hears nothing of n1; the third sees both.
TEST_F(BadPaths, WithOneWayCutTheThirdCarriesOn) {
  probe::DatagramFaults cut;
  cut.cut = true;
  start(3);
  relay_.set(0, 1, cut);

  write("a", 20);

  all_have_all();
  EXPECT_GT(relay_.counts().cut, 0u);
}

TEST_F(BadPaths, WhereOnlyShortDatagramsPassSessionsCarryTheRest) {
  probe::DatagramFaults narrow;
  narrow.length_max = 700;
  start(3);
  relay_.set_all(narrow);

  write("a", 20, 900);

  all_have_all();
  EXPECT_GT(relay_.counts().too_long, 0u);
}

}  // namespace
}  // namespace cluster
