// Presences between real agents, as a client of HTTP sees them.

#include <gtest/gtest.h>

#include "tests/cluster/cluster.h"
#include "tests/support/eventually.h"

namespace cluster {
namespace {

std::string shown(AgentProcess& agent) {
  auto answer = agent.client().get("/v1/presence/notes");
  return answer.ok() ? answer->body : "";
}

TEST(Presence, SetOnOneAgentIsShownOnTheOthersUntilItEnds) {
  Cluster mesh(3);
  ASSERT_TRUE(mesh.all_alive(3)) << mesh.states();
  const std::string node = json_field(mesh[0].client().get("/v1/status")->body, "node_id");
  const std::string one = R"([{"key":"ann","node":")" + node + R"(","body":{"at":17},)";

  auto put = mesh[0].client().put("/v1/presence/notes/ann", R"({"at": 17})");

  ASSERT_TRUE(put.ok());
  EXPECT_EQ(put->body, R"({"topic":"notes","key":"ann","expires_in_ms":30000})");
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(support::eventually(Millis{5'000}, [&] { return shown(mesh[i]).starts_with(one); }))
        << i << shown(mesh[i]);
    EXPECT_EQ(metric(mesh[i], "hearsay_presences"), 1u) << i;
  }
  EXPECT_GT(metric(mesh[0], "hearsay_presences_sent_total"), 0u);

  ASSERT_TRUE(mesh[0].client().del("/v1/presence/notes/ann").ok());
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(support::eventually(Millis{5'000}, [&] { return shown(mesh[i]) == "[]"; })) << i;
  }
}

// It is killed, so it tells nobody.
TEST(Presence, EndsWithTheAgentOnWhichItWasSet) {
  Cluster mesh(3);
  ASSERT_TRUE(mesh.all_alive(3)) << mesh.states();
  ASSERT_TRUE(mesh[2].client().put("/v1/presence/notes/zoe", "1").ok());
  ASSERT_TRUE(support::eventually(Millis{5'000}, [&] { return shown(mesh[0]) != "[]"; }));

  mesh[2].kill9();

  EXPECT_TRUE(support::eventually(Millis{31'000}, [&] {
    return shown(mesh[0]) == "[]" && shown(mesh[1]) == "[]";
  })) << shown(mesh[0]);
}

}  // namespace
}  // namespace cluster
