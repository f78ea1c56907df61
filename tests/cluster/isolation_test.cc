// Agents that are alone report it with the reason. So do agents that lose their network.

#include <gtest/gtest.h>

#include "tests/cluster/cluster.h"
#include "tests/support/lab.h"

namespace cluster {
namespace {

constexpr Millis kSaid{20'000};

std::size_t lines_with(const std::string& log, const std::string& word) {
  std::size_t count = 0;
  for (auto at = log.find(word); at != std::string::npos; at = log.find(word, at + 1)) ++count;
  return count;
}

std::string isolated(AgentProcess& agent) {
  auto status = agent.client().get("/v1/status");
  return status.ok() ? json_field(status->body, "isolated") : status.error().message;
}

bool becomes(AgentProcess& agent, const std::string& words) {
  return support::eventually(kSaid,
                             [&] { return isolated(agent).find(words) != std::string::npos; });
}

int peers_status(AgentProcess& agent) {
  auto answer = agent.client().get("/readyz?require=peers");
  return answer.ok() ? answer->status : 0;
}

class Isolated : public ::testing::Test {
 protected:
  AgentProcess& start(const std::string& name, const std::string& join,
                      const std::vector<std::string>& more = {}) {
    auto options = mesh_.usual(name);
    options.join = {join};
    options.more_arguments = more;
    return mesh_.add(options);
  }
  // The reason is in the log once, and in the status, the metric and /readyz?require=peers.
  void says(AgentProcess& agent, const std::string& words) {
    EXPECT_TRUE(becomes(agent, words)) << isolated(agent) << agent.log();
    EXPECT_EQ(metric(agent, "hearsay_isolated"), 1u);
    EXPECT_EQ(peers_status(agent), 503);
    EXPECT_EQ(agent.client().get("/readyz")->status, 200);
    auto ended = support::hearsay({"status", "--http", agent.http()});
    EXPECT_EQ(ended->status, 5) << ended->output;
    EXPECT_NE(ended->output.find("isolated: "), std::string::npos) << ended->output;
    EXPECT_EQ(lines_with(agent.log(), " isolated "), 1u) << agent.log();
  }
  Cluster mesh_{1};
};

TEST_F(Isolated, TheFirstAgentIsAloneByChoice) {
  EXPECT_TRUE(support::eventually(Millis{5'000},
                                  [&] { return metric(mesh_[0], "hearsay_uptime_seconds") >= 3; }));
  EXPECT_EQ(isolated(mesh_[0]), "null");
  EXPECT_EQ(metric(mesh_[0], "hearsay_isolated"), 0u);
  EXPECT_EQ(lines_with(mesh_[0].log(), "isolated"), 0u);
  EXPECT_EQ(support::hearsay({"status", "--http", mesh_[0].http()})->status, 0);
  EXPECT_EQ(peers_status(mesh_[0]), 503);
}

TEST_F(Isolated, ASeedWithoutAnAgentIsNamed) {
  says(start("n2", "127.0.0.1:1"), "127.0.0.1:1: nobody listens");
}

TEST_F(Isolated, ASeedWithoutAnAddressIsNamed) {
  says(start("n2", "seed.invalid:7700"), "seed.invalid:7700: no such name");
}

TEST_F(Isolated, AnotherKeyIsSeenAndTheRightOneEndsIt) {
  auto options = mesh_.usual("n2");
  options.key_file = mesh_.folder() / "other.key";
  ASSERT_TRUE(support::make_key(options.key_file).ok());
  options.join = {mesh_[0].bind()};
  AgentProcess& agent = mesh_.add(options);

  says(agent, "key refused");

  auto joined = support::hearsay({"join", mesh_[0].bind(), "--http", agent.http()});
  EXPECT_EQ(joined->status, 1);
  EXPECT_NE(joined->errors.find("key refused"), std::string::npos) << joined->errors;
}

TEST_F(Isolated, TheAddressOfTheSeedAdvertisedAsOnesOwn) {
  says(start("n2", mesh_[0].bind(), {"--advertise", mesh_[0].bind()}), "--advertise");
}

TEST_F(Isolated, WhoLeavesIsIsolatedUntilItJoinsAgain) {
  AgentProcess& agent = start("n2", mesh_[0].bind());
  ASSERT_TRUE(mesh_.all_alive(2)) << mesh_.states();
  EXPECT_TRUE(support::eventually(kSaid, [&] { return peers_status(agent) == 200; }));
  ASSERT_EQ(agent.client().post("/v1/leave", "")->status, 200);

  says(agent, "left the mesh");

  auto joined = support::hearsay({"join", mesh_[0].bind(), "--http", agent.http()});
  EXPECT_EQ(joined->status, 0) << joined->errors;
  EXPECT_TRUE(support::eventually(kSaid, [&] { return isolated(agent) == "null"; }));
  EXPECT_EQ(lines_with(agent.log(), " isolation_ended "), 1u) << agent.log();
}

TEST_F(Isolated, AJoinToItselfAndToNobodyNamesTheReason) {
  auto join = [&](const std::string& address) {
    return *support::hearsay({"join", address, "--http", mesh_[0].http()});
  };
  auto own = join(mesh_[0].bind());
  EXPECT_EQ(own.status, 1);
  EXPECT_NE(own.errors.find("this agent itself"), std::string::npos) << own.errors;
  auto nobody = join("127.0.0.1:1");
  EXPECT_EQ(nobody.status, 1);
  EXPECT_NE(nobody.errors.find("nobody listens"), std::string::npos) << nobody.errors;
  auto name = join("seed.invalid:7700");
  EXPECT_EQ(name.status, 1);
  EXPECT_NE(name.errors.find("no such name"), std::string::npos) << name.errors;
}

// Members of an earlier run that do not answer are not counted as alive.
TEST_F(Isolated, WhoIsOnlyRememberedIsSaidToBeSo) {
  AgentProcess& agent = start("n2", mesh_[0].bind());
  ASSERT_TRUE(mesh_.all_alive(2)) << mesh_.states();
  ASSERT_EQ(*agent.stop(), 0);
  mesh_[0].kill9();
  ASSERT_TRUE(agent.restart().ok());

  EXPECT_TRUE(becomes(agent, "an earlier run")) << isolated(agent);
  auto members = support::hearsay({"members", "--http", agent.http()});
  EXPECT_NE(members->output.find("remembered"), std::string::npos) << members->output;
  EXPECT_EQ(metric(agent, "hearsay_members{state=\"alive\"}"), 1u);
  EXPECT_EQ(metric(agent, "hearsay_members{state=\"remembered\"}"), 1u);
}

TEST_F(Isolated, MetricsTellHowFarBehindEachPeerIs) {
  AgentProcess& agent = start("n2", mesh_[0].bind());
  ASSERT_TRUE(mesh_.all_alive(2)) << mesh_.states();
  ASSERT_TRUE(add_snapshot(mesh_[0], "x", R"({"a":1})"));
  ASSERT_TRUE(mesh_.converged());
  std::string labels = "{member=\"n1\",node=\"" + mesh_[0].node_id() + "\"}";

  EXPECT_TRUE(support::eventually(kSaid, [&] {
    return metric(agent, "hearsay_objects") == 1 && metric(agent, "hearsay_log_changes") == 1;
  }));
  EXPECT_GT(metric(agent, "hearsay_log_bytes"), 0u);
  EXPECT_GT(metric(agent, "hearsay_wal_bytes_max"), 0u);
  std::string all = agent.client().get("/metrics")->body;
  for (const char* name : {"peer_heard_seconds", "peer_lag_changes", "peer_lacks_changes"}) {
    EXPECT_NE(all.find("hearsay_" + std::string(name) + labels + " 0"), std::string::npos) << all;
  }
}

// A container without a volume has a new node id at each start, with the same name and address.
TEST_F(Isolated, StartsWithoutAVolumeLeaveNoHeapOfDeadMembers) {
  AgentProcess* agent = &start("n2", mesh_[0].bind());
  ASSERT_TRUE(mesh_.all_alive(2)) << mesh_.states();
  for (int i = 0; i < 4; ++i) {
    agent->kill9();
    std::filesystem::remove_all(agent->data_directory());
    ASSERT_TRUE(agent->restart().ok());
    ASSERT_TRUE(mesh_.all_alive(2)) << mesh_.states();
  }
  EXPECT_TRUE(support::eventually(kSaid, [&] {
    auto members = mesh_[0].client().get("/v1/members");
    return lines_with(members->body, "\"node_id\"") == 2;
  })) << mesh_.states();
}

class CutOff : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string missing = support::Lab::missing();
    if (!missing.empty()) GTEST_SKIP() << missing;
  }
  static void on(const probe::Network& network, const std::vector<std::string>& words) {
    probe::InNetwork there(&network);
    support::Command command;
    command.arguments = words;
    auto done = support::run(command);
    ASSERT_TRUE(done.ok() && done->status == 0) << words.back();
  }
};

TEST_F(CutOff, AHostWithoutItsInterfaceSaysSoAndComesBack) {
  auto lab = support::Lab::make(3);
  ASSERT_TRUE(lab.ok()) << lab.error().message;
  Cluster mesh(0);
  for (std::size_t i = 0; i < 3; ++i) {
    auto options = mesh.usual("n" + std::to_string(i + 1));
    options.network = &(*lab)->network(i);
    options.bind = (*lab)->address(i);
    options.join.clear();
    if (i > 0) options.join = {(*lab)->address(0)};
    mesh.add(options);
  }
  ASSERT_TRUE(mesh.all_alive(3)) << mesh.states();
  const probe::Network& network = (*lab)->network(2);

  on(network, {"ip", "link", "set", "eth0", "down"});

  EXPECT_TRUE(becomes(mesh[2], "no other agent is heard any more")) << isolated(mesh[2]);
  EXPECT_EQ(metric(mesh[2], "hearsay_isolated"), 1u);
  // A member is held for dead a little later, and a line of the log is written by another thread.
  EXPECT_TRUE(support::eventually(kSaid, [&] {
    return metric(mesh[2], "hearsay_members{state=\"alive\"}") == 1u;
  })) << mesh.states();
  EXPECT_EQ(peers_status(mesh[2]), 503);
  EXPECT_EQ(lines_with(mesh[2].log(), " isolated "), 1u) << mesh[2].log();

  on(network, {"ip", "link", "set", "eth0", "up"});

  EXPECT_TRUE(mesh.all_alive(3, Millis{30'000})) << mesh.states();
  EXPECT_TRUE(support::eventually(kSaid, [&] { return isolated(mesh[2]) == "null"; }));
  EXPECT_TRUE(support::eventually(kSaid, [&] {
    return lines_with(mesh[2].log(), " isolation_ended ") == 1u;
  })) << mesh[2].log();
}

TEST_F(CutOff, AgentsMeetOverLinkLocalAddresses) {
  auto lab = support::Lab::make(2);
  ASSERT_TRUE(lab.ok()) << lab.error().message;
  Cluster mesh(0);
  for (std::size_t i = 0; i < 2; ++i) {
    const probe::Network& network = (*lab)->network(i);
    std::string own = "fe80::7:" + std::to_string(i + 1);
    on(network, {"ip", "addr", "add", own + "/64", "dev", "eth0", "nodad"});
    auto options = mesh.usual("n" + std::to_string(i + 1));
    options.network = &network;
    options.bind = "[" + own + "%eth0]:7700";
    options.join.clear();
    if (i > 0) options.join = {"[fe80::7:1%eth0]:7700"};
    mesh.add(options);
  }
  ASSERT_TRUE(mesh.all_alive(2)) << mesh.states() << mesh[1].log();
  ASSERT_TRUE(add_snapshot(mesh[1], "x", R"({"a":1})"));
  EXPECT_TRUE(mesh.converged()) << mesh.states();
  auto members = mesh[0].client().get("/v1/members");
  EXPECT_NE(members->body.find("[fe80::7:2%eth0]:7700"), std::string::npos) << members->body;
}

}  // namespace
}  // namespace cluster
