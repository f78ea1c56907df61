// Device sync: values with equal timestamps.

#include "tests/api/web_client.h"

namespace agent {
namespace {

std::string push(const std::string& value, std::int64_t time, const std::string& device) {
  const Json change{{"key", "k"}, {"value", value}, {"timestamp", time}, {"device_id", device}};
  return Json{{"type", "sync_push"}, {"changes", {change}}, {"last_ack", 0}}.dump();
}

struct DeviceConflicts : ::testing::Test {
  std::unique_ptr<WebClient> connect(FakeHost& host, const std::string& device) {
    auto client = std::make_unique<WebClient>(host, "/ws/sync?device_id=" + device);
    host.run();
    return client;
  }
  static std::vector<Json> conflicts(const std::vector<Json>& messages) {
    std::vector<Json> found;
    for (const Json& message : messages) {
      if (message["type"] == "conflict") found.push_back(message);
    }
    return found;
  }
  void exchange() {
    for (int i = 0; i < 2; ++i) {
      a.learn_from(z);
      z.learn_from(a);
    }
  }
  const Json conflict =
      Json::parse(R"({"type":"conflict","key":"k",)"
                  R"("winner":{"value":"two's","timestamp":9,"device_id":"two"},)"
                  R"("loser":{"value":"one's","timestamp":9,"device_id":"one"}})");
  FakeHost a{"A"};
  FakeHost z{"Z"};
};

TEST_F(DeviceConflicts, BothDevicesOfOneAgentAreToldOnce) {
  for (const bool higher_first : {true, false}) {
    FakeHost host(higher_first ? "H" : "L");
    auto one = connect(host, "one");
    auto two = connect(host, "two");
    auto other = connect(host, "other");
    std::vector<Json> at_one;
    std::vector<Json> at_two;
    if (higher_first) at_two = two->tell(push("two's", 9, "two"));
    at_one = one->tell(push("one's", 9, "one"));
    if (!higher_first) at_two = two->tell(push("two's", 9, "two"));
    for (const Json& more : one->heard()) at_one.push_back(more);
    for (const Json& more : two->heard()) at_two.push_back(more);

    EXPECT_EQ(Json(conflicts(at_one)), Json::array({conflict}));
    EXPECT_EQ(Json(conflicts(at_two)), Json::array({conflict}));
    EXPECT_TRUE(conflicts(other->heard()).empty()) << "it is not concerned";
    EXPECT_EQ(json(host, "GET", "/v1/objects/notes/k")["value"], "two's");
  }
}

TEST_F(DeviceConflicts, BothAgentsShowTheHigherDeviceAndTellTheirDevice) {
  auto one = connect(a, "one");
  auto two = connect(z, "two");
  EXPECT_TRUE(conflicts(one->tell(push("one's", 9, "one"))).empty());
  EXPECT_TRUE(conflicts(two->tell(push("two's", 9, "two"))).empty());

  exchange();

  EXPECT_EQ(Json(conflicts(one->heard())), Json::array({conflict}));
  EXPECT_EQ(Json(conflicts(two->heard())), Json::array({conflict}));
  for (FakeHost* host : {&a, &z}) {
    EXPECT_EQ(json(*host, "GET", "/v1/objects/notes/k")["value"], "two's");
    const Json listed = json(*host, "GET", "/v1/conflicts");
    ASSERT_EQ(listed.size(), 1u);
    EXPECT_EQ(listed[0]["object"], "notes");
    EXPECT_EQ(listed[0]["winner"]["writer"], "two");
    EXPECT_EQ(listed[0]["losers"][0]["value"], "one's");
  }
}

TEST_F(DeviceConflicts, ADeviceThatWasAwayIsToldWhenItReturns) {
  auto one = connect(a, "one");
  one->tell(push("one's", 9, "one"));
  one->leave();
  auto two = connect(a, "two");
  two->tell(push("two's", 9, "two"));

  one = connect(a, "one");
  const auto came = one->tell(R"({"type":"sync_push","changes":[],"last_ack":9})");

  EXPECT_EQ(came.at(0)["changes"].at(0)["value"], "two's");
  EXPECT_EQ(Json(conflicts(came)), Json::array({conflict}));
}

TEST_F(DeviceConflicts, ALaterValueEndsTheConflict) {
  auto one = connect(a, "one");
  auto two = connect(a, "two");
  one->tell(push("one's", 9, "one"));
  two->tell(push("two's", 9, "two"));
  one->heard();

  EXPECT_TRUE(conflicts(one->tell(push("later", 10, "one"))).empty());

  EXPECT_EQ(json(a, "GET", "/v1/conflicts"), Json::array());
  EXPECT_EQ(json(a, "GET", "/v1/objects/notes/k")["value"], "later");
}

TEST_F(DeviceConflicts, TheSameValueIsNone) {
  auto one = connect(a, "one");
  auto two = connect(z, "two");
  one->tell(push("same", 9, "one"));
  two->tell(push("same", 9, "two"));

  exchange();

  EXPECT_TRUE(conflicts(one->heard()).empty());
  EXPECT_TRUE(conflicts(two->heard()).empty());
}

// A device sends its change again to another agent, because it got no answer.
TEST_F(DeviceConflicts, OneChangeSentToTwoAgentsIsNone) {
  auto one = connect(a, "one");
  one->tell(push("v", 9, "one"));
  one->leave();
  one = connect(z, "one");
  one->tell(push("v", 9, "one"));

  exchange();

  EXPECT_TRUE(conflicts(one->heard()).empty());
  EXPECT_EQ(json(a, "GET", "/v1/conflicts"), Json::array());
}

}  // namespace
}  // namespace agent
