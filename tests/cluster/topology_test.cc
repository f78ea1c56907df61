// How changes spread is a setting of each agent: they mix, and SIGHUP changes it.

#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>

#include "tests/cluster/cluster.h"

namespace cluster {
namespace {

std::string topology_of(AgentProcess& seen_by, const std::string& about) {
  auto members = seen_by.client().get("/v1/members");
  if (!members.ok() || members->status != 200) return "";
  for (const auto& row : nlohmann::json::parse(members->body)) {
    if (row["name"] == about) return row["topology"];
  }
  return "";
}

TEST(Topology, IsPushPullUnlessSaidOtherwiseAndMixes) {
  Cluster mesh(2);
  support::AgentOptions options = mesh.usual("n3");
  options.topology = "direct";
  mesh.add(options);
  ASSERT_TRUE(mesh.all_alive(3)) << mesh.states();

  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(add_snapshot(mesh[i], "s" + std::to_string(i)));
  }

  EXPECT_TRUE(mesh.converged()) << mesh.states();
  EXPECT_EQ(topology_of(mesh[0], "n1"), "push-pull");
  EXPECT_EQ(topology_of(mesh[0], "n3"), "direct");
}

TEST(Topology, ChangesWithoutARestart) {
  Cluster mesh(1);
  std::string file = mesh.folder() / "n2.toml";
  support::write_file(file, "topology = \"direct\"\n");
  support::AgentOptions options = mesh.usual("n2");
  options.more_arguments = {"--config", file};
  AgentProcess& changing = mesh.add(options);
  ASSERT_TRUE(mesh.all_alive(2)) << mesh.states();
  ASSERT_EQ(topology_of(mesh[0], "n2"), "direct");

  support::write_file(file, "topology = \"push-pull\"\n");
  changing.process().signal(SIGHUP);

  auto own = [&] { return json_field(changing.client().get("/v1/status")->body, "topology"); };
  EXPECT_TRUE(support::eventually(Millis{5'000}, [&] { return own() == "push-pull"; })) << own();
  EXPECT_TRUE(support::eventually(Millis{10'000},
                                  [&] { return topology_of(mesh[0], "n2") == "push-pull"; }));
  ASSERT_TRUE(add_snapshot(changing, "after"));
  EXPECT_TRUE(mesh.converged()) << mesh.states();
}

}  // namespace
}  // namespace cluster
