// Bad input at every door: whatever a client sends, it gets an answer in the form of its protocol,
// nothing of a refused message is written, and the next good message is served. The bad messages
// are made from a good one.

#include <gmock/gmock.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/api/web_client.h"

namespace agent {
namespace {

struct Door {
  std::string name;
  std::string verb;  // empty: a WebSocket
  std::string target;
  std::string good;
  std::function<bool(const Json&)> is_refusal;  // the form of an error
};

bool is_plain_error(const Json& answer) {
  if (answer.size() != 1 || !answer.contains("error")) return false;
  const Json& error = answer["error"];
  return error.is_object() && error.size() == 2 && error.contains("code") &&
         error["code"].is_string() && error.contains("message") && error["message"].is_string();
}
bool is_delta_error(const Json& answer) {
  return answer.size() == 1 && answer.contains("error") && answer["error"].is_string();
}
bool is_device_error(const Json& answer) {
  return answer.size() == 2 && answer.value("type", "") == "error" && answer.contains("message") &&
         answer["message"].is_string();
}
bool is_dictionary_error(const Json& answer) {
  return answer.size() == 2 && answer.value("action", "") == "error" && answer.contains("error") &&
         answer["error"].is_string();
}

std::vector<Door> doors() {
  const std::string push =
      R"({"type":"sync_push","changes":[{"key":"k","value":"v","timestamp":5,"device_id":"d"},)"
      R"({"key":"l","value":"w","timestamp":6,"device_id":"d"}],"last_ack":0})";
  return {
      {"Objects", "PATCH", "/v1/objects/o",
       R"({"type":"crdt_map","ops":[{"op":"set","path":["a"],"value":1},)"
       R"({"op":"increment","path":["n"],"by":2}]})",
       is_plain_error},
      {"Catalog", "POST", "/snapshots/add/s", R"({"size":1024,"tags":["a"],"cluster":"a"})",
       is_plain_error},
      {"CatalogDeltas", "POST", "/crdt/delta",
       R"({"node_id":"n","vector_clock":{"n":1},"type":"orset","key":"snapshots:s","data":)"
       R"({"tag":"n:1","metadata":{"size":1}},"timestamp":1})",
       is_plain_error},
      {"DeltaSync", "POST", "/crdt/sync",
       R"({"type":"pncounter","object_id":"c","delta":{"increment":1,"counts":{"n":3}},)"
       R"("timestamp":"2026-01-01T00:00:00Z","source_node":"n"})",
       is_delta_error},
      {"DevicePolls", "POST", "/sync/device?device_id=d", push, is_device_error},
      {"Devices", "", "/ws/sync?device_id=d", push, is_device_error},
      {"Dictionary", "", "/ws", R"({"action":"add","key":"k","value":"v"})", is_dictionary_error},
  };
}

class DoorInput : public ::testing::TestWithParam<std::size_t> {
 protected:
  DoorInput() {
    if (!door_.verb.empty()) return;
    client_ = std::make_unique<WebClient>(host_, door_.target);
    host_.run();
    (void)client_->heard();
  }

  // What all objects hold, except how far clients have received it.
  std::string state() {
    std::string all;
    const Json objects = json(host_, "GET", "/v1/objects")["objects"];
    for (const Json& object : objects) {
      const std::string id = object["id"];
      if (id != "acknowledged") all += host_.call("GET", "/v1/objects/" + id).body + "\n";
    }
    return all;
  }

  // The answer to a message; it is JSON, and an error has the form of the door.
  bool is_refused(const std::string& message) {
    const std::string shown = door_.name + ": " + message.substr(0, 300);
    Json answer;
    bool refused = false;
    if (client_) {
      const std::vector<Json> came = client_->tell(message);
      EXPECT_TRUE(client_->is_open()) << shown;
      if (came.empty()) return false;
      answer = came.front();
      refused = door_.is_refusal(answer);
    } else {
      const http::Response response = host_.call(door_.verb, door_.target, message);
      EXPECT_TRUE(response.status == 200 || (response.status >= 400 && response.status < 500))
          << response.status << " " << shown;
      answer = parsed(response);
      refused = response.status != 200;
      EXPECT_EQ(refused, door_.is_refusal(answer)) << response.body << " " << shown;
    }
    if (refused) {
      EXPECT_THAT(answer.dump(), ::testing::Not(::testing::HasSubstr("/tmp/"))) << shown;
    }
    return refused;
  }

  void expect_refused(const std::string& message) {
    const std::string before = state();
    EXPECT_TRUE(is_refused(message)) << door_.name << ": " << message.substr(0, 300);
    EXPECT_EQ(state(), before) << door_.name << ": " << message.substr(0, 300);
  }

  void expect_that_it_serves() {
    const std::string before = state();
    EXPECT_FALSE(is_refused(door_.good)) << door_.good;
    EXPECT_NE(state(), before);
  }

  const Door door_ = doors()[GetParam()];
  FakeHost host_{"A"};
  std::unique_ptr<WebClient> client_;
};

TEST_P(DoorInput, EveryTruncatedMessageIsRefused) {
  for (std::size_t size = 0; size < door_.good.size(); ++size) {
    expect_refused(door_.good.substr(0, size));
  }
  expect_that_it_serves();
}

TEST_P(DoorInput, EveryMessageWithOtherBytesIsRefusedOrTakenWhole) {
  for (std::size_t at = 0; at < door_.good.size(); ++at) {
    for (const char byte : {'\0', '"', '{', ']', '\\', '\xFF', '9', '-'}) {
      std::string message = door_.good;
      message[at] = byte;
      const std::string before = state();
      if (is_refused(message)) {
        EXPECT_EQ(state(), before) << message;
      }
    }
  }
}

TEST_P(DoorInput, WhatIsNoJsonIsRefused) {
  const std::string deep(100'000, '[');
  const std::vector<std::string> bad = {"nonsense",
                                        "\xEF\xBB\xBF" + door_.good,  // a byte order mark
                                        door_.good + "x",
                                        door_.good + door_.good,
                                        "'" + door_.good + "'",
                                        std::string(1, '\0'),
                                        deep,
                                        std::string(100'000, '{'),
                                        "{\"a\":" + deep,
                                        "{\"a\":" + deep + std::string(100'000, ']') + "}",
                                        "{\"a\":NaN}",
                                        "{\"a\":Infinity}",
                                        "{\"a\":01}",
                                        "{\"a\":1,}",
                                        "{\"a\":\"\\ud800\"}",
                                        "{a:1}",
                                        "{\"a\":\"\xC0\xAF\"}",
                                        "{\"a\":\"\n\"}"};

  for (const std::string& message : bad) expect_refused(message);
  expect_that_it_serves();
}

TEST_P(DoorInput, AMessageThatIsNoObjectOrHasAMemberTwiceIsRefused) {
  const std::string twice =
      door_.good.substr(0, door_.good.size() - 1) + "," + door_.good.substr(1);
  for (const std::string message : {"5", "null", "true", "\"text\"", "[1]"}) {
    expect_refused(message);
  }
  expect_refused(twice);
  expect_that_it_serves();
}

// Each value at each depth is replaced by values of other types and by numbers at bounds.
TEST_P(DoorInput, AMemberOfAnyOtherTypeIsRefusedOrTakenWhole) {
  std::string deep = "1";
  for (int i = 0; i < 40; ++i) deep = "[" + deep + "]";
  const std::vector<std::string> others = {"null",
                                           "true",
                                           "-1",
                                           "1.5",
                                           "-0.0",
                                           "1e400",
                                           "9007199254740993",
                                           "18446744073709551616",
                                           "\"\"",
                                           "\"other\"",
                                           "[]",
                                           "{}",
                                           "[[]]",
                                           "{\"\":{}}",
                                           "\"\\u0000\"",
                                           deep,
                                           "\"" + std::string(2'000, 'x') + "\""};
  const Json good = Json::parse(door_.good);
  const Json flat = good.flatten();

  for (const auto& [pointer, value] : flat.items()) {
    for (Json::json_pointer at(pointer); !at.empty(); at = at.parent_pointer()) {
      for (const std::string& other : others) {
        Json changed = good;
        changed[at] = "@";
        std::string message = changed.dump();
        message.replace(message.find("\"@\""), 3, other);
        const std::string before = state();
        if (is_refused(message)) {
          EXPECT_EQ(state(), before) << message;
        }
      }
    }
  }
}

TEST_P(DoorInput, AMessageAboveItsBoundIsRefused) {
  // The server refuses a body above the bound of its route (Bodies.UpToTheBoundAreTaken), so here
  // the doors judge values that fit a body and not a place.
  const std::string large(1'100'000, 'x');
  const Json good = Json::parse(door_.good);
  const Json flat = good.flatten();
  std::size_t refused = 0;
  for (const auto& [pointer, value] : flat.items()) {
    if (!value.is_string()) continue;
    Json changed = good;
    changed[Json::json_pointer(pointer)] = large;
    const std::string before = state();
    if (!is_refused(changed.dump())) continue;
    ++refused;
    EXPECT_EQ(state(), before) << pointer;
  }
  const bool only_the_body_is_bounded = door_.name == "Catalog";
  EXPECT_TRUE(refused > 0 || only_the_body_is_bounded);
}

TEST_P(DoorInput, OneWrongMemberOfManyWritesNothingOfAll) {
  if (door_.name == "Catalog" || door_.name == "Dictionary") return;  // one write a message
  Json message = Json::parse(door_.good);
  if (door_.name == "Objects") message["ops"].push_back({{"op", "nonsense"}});
  if (door_.name == "CatalogDeltas") message = Json::array({message, Json::object()});
  if (door_.name == "DeltaSync") message["delta"]["counts"]["m"] = -1;
  if (client_ || door_.name == "DevicePolls") message["changes"].push_back({{"key", "z"}});

  expect_refused(message.dump());
  expect_that_it_serves();
}

TEST_P(DoorInput, TheObjectOfTheDoorsThemselvesIsNotWrittenByClients) {
  const std::string value = R"({"type":"lww_register","value":1})";
  const std::string patch = R"({"type":"crdt_map","ops":[{"op":"set","path":["a"],"value":1}]})";
  const std::string sync =
      R"({"type":"gcounter","object_id":"acknowledged","delta":{"increment":1}})";

  EXPECT_EQ(refusal(host_, "PUT", "/v1/objects/acknowledged", value), "403 forbidden");
  EXPECT_EQ(refusal(host_, "PUT", "/v1/objects/acknowledged/device/d", value), "403 forbidden");
  EXPECT_EQ(refusal(host_, "PATCH", "/v1/objects/acknowledged", patch), "403 forbidden");
  EXPECT_EQ(host_.call("POST", "/crdt/sync", sync).status, 403);

  expect_that_it_serves();
  EXPECT_EQ(host_.call("DELETE", "/v1/objects/acknowledged").status, 200);
}

INSTANTIATE_TEST_SUITE_P(Doors, DoorInput, ::testing::Range<std::size_t>(0, doors().size()),
                         [](const auto& test) { return doors()[test.param].name; });

}  // namespace
}  // namespace agent
