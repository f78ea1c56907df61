// Two copies of one host that cannot be told apart locally: they have the same data, path and
// machine, and `--bind` is 0.0.0.0, so neither knows its own address. Each has a network of its
// own, as containers have.

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/cluster/cluster.h"
#include "tests/support/lab.h"

namespace cluster {
namespace {

namespace fs = std::filesystem;

// At least one of them has opened its database again under another node id and has logged the
// reason.
bool parted(AgentProcess& one, AgentProcess& another) {
  auto id_of = [](AgentProcess& agent) {
    auto status = agent.client().get("/v1/status");
    return status.ok() ? json_field(status->body, "node_id") : "";
  };
  std::string first = id_of(one);
  std::string second = id_of(another);
  return !first.empty() && !second.empty() && first != second;
}

class TwinsInLab : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    std::string missing = support::Lab::missing();
    if (!missing.empty()) GTEST_SKIP() << missing;
    auto lab = support::Lab::make(4);
    ASSERT_TRUE(lab.ok()) << lab.error().message;
    lab_ = std::move(*lab);
  }
  support::AgentOptions at(std::size_t host, const std::string& name, std::size_t joins) {
    auto options = mesh_.usual(name);
    options.network = &lab_->network(host);
    options.bind = "0.0.0.0:7700";
    options.profile = "lan";
    options.join.clear();
    if (joins != host) options.join = {lab_->address(joins)};
    return options;
  }
  std::unique_ptr<support::Lab> lab_;
  Cluster mesh_{0};
};
// Whether each third agent hears both copies, or only one of them.
INSTANTIATE_TEST_SUITE_P(ThirdAgents, TwinsInLab, ::testing::Values(true, false));

TEST_P(TwinsInLab, PartWithinTenSecondsWhateverTheyBindTo) {
  bool both = GetParam();
  mesh_.add(at(0, "n1", 0));
  mesh_.add(at(1, "n2", 0));
  AgentProcess& original = mesh_.add(at(2, "edge", 0));
  ASSERT_TRUE(mesh_.all_alive(3)) << mesh_.states();
  ASSERT_TRUE(add_snapshot(original, "before"));
  ASSERT_TRUE(mesh_.converged()) << mesh_.states();
  std::string node = original.node_id();
  ASSERT_EQ(*original.stop(), 0);
  auto options = at(3, "copy", 1);
  fs::copy(original.options().root, options.root, fs::copy_options::recursive);
  fs::remove(options.root / "data" / "agent.json");
  fs::remove(options.root / "data" / "members");
  fs::remove(original.options().root / "data" / "members");
  options.name = "edge";
  options.seen_as = original.options().root;
  if (!both) {
    // n1 hears only the original, n2 only the copy. The original and the copy do not hear each
    // other.
    ASSERT_TRUE(lab_->rule(0, "ip saddr " + lab_->ip(3) + " drop").ok());
    ASSERT_TRUE(lab_->rule(1, "ip saddr " + lab_->ip(2) + " drop").ok());
    ASSERT_TRUE(lab_->rule(2, "ip saddr " + lab_->ip(3) + " drop").ok());
  }

  ASSERT_TRUE(original.restart().ok()) << original.log();
  AgentProcess& copy = mesh_.add(options);
  EXPECT_TRUE(original.node_id() == node || copy.node_id() == node);
  bool did = support::eventually(Millis{10'000}, [&] { return parted(original, copy); });

  EXPECT_TRUE(did) << mesh_.states();
  std::string logs = original.log() + copy.log();
  EXPECT_NE(logs.find("error twin "), std::string::npos) << logs;

  // Both agents have the writes that either acknowledged, and both are members.
  for (std::size_t host = 0; host < 3; ++host) ASSERT_TRUE(lab_->clear(host).ok());
  ASSERT_TRUE(support::eventually(Millis{10'000}, [&] { return add_snapshot(original, "a"); }));
  ASSERT_TRUE(support::eventually(Millis{10'000}, [&] { return add_snapshot(copy, "b"); }));
  EXPECT_TRUE(mesh_.converged(Millis{30'000})) << mesh_.states();
  for (const char* id : {"before", "a", "b"}) EXPECT_EQ(get_snapshot(mesh_[0], id), "{}") << id;
}

}  // namespace
}  // namespace cluster
