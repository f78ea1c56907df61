// Device sync: what a device sends, what it gets back and when, and what is refused.

#include <gmock/gmock.h>

#include <set>

#include "agent/api/limits.h"
#include "tests/api/web_client.h"

namespace agent {
namespace {

Json change(const std::string& key, const std::string& value, std::int64_t time,
            const std::string& device) {
  return {{"key", key}, {"value", value}, {"timestamp", time}, {"device_id", device}};
}

std::string push(const std::vector<Json>& changes, std::int64_t last_ack = 0) {
  return Json{{"type", "sync_push"}, {"changes", changes}, {"last_ack", last_ack}}.dump();
}

struct DeviceSync : ::testing::Test {
  std::unique_ptr<WebClient> connect(FakeHost& host, const std::string& device) {
    auto client = std::make_unique<WebClient>(host, "/ws/sync?device_id=" + device);
    host.run();
    return client;
  }
  Json poll(FakeHost& host, const std::string& device, const std::string& message) {
    return json(host, "POST", "/sync/device?device_id=" + device, message);
  }
  // What the mesh knows that the device has received.
  Json acknowledged(FakeHost& host, const std::string& device) {
    const auto response = host.call("GET", "/v1/objects/acknowledged/device/" + device);
    return response.status == 200 ? parsed(response)["value"] : Json();
  }
  void exchange() {
    a.learn_from(z);
    z.learn_from(a);
  }
  FakeHost a{"A"};
  FakeHost z{"Z"};
};

TEST_F(DeviceSync, TheMessagesOfTheProtocol) {
  auto two = connect(a, "dev2");
  two->tell(push({change("note:path2", "content2", 123457, "dev2")}));
  auto one = connect(a, "dev1");

  const Json answer =
      one->ask(R"({"type":"sync_push","changes":[)"
               R"({"key":"note:path","value":"content","timestamp":123456,"device_id":"dev1"}],)"
               R"("last_ack":123450})");

  EXPECT_EQ(answer, Json::parse(R"({"type":"sync_ack","ack_timestamp":123456,"changes":[)"
                                R"({"key":"note:path2","value":"content2","timestamp":123457,)"
                                R"("device_id":"dev2"}]})"));
  EXPECT_EQ(Json(two->heard()),
            Json::parse(R"([{"type":"sync_push","changes":[{"key":"note:path","value":"content",)"
                        R"("timestamp":123456,"device_id":"dev1"}]}])"));
}

TEST_F(DeviceSync, ADeviceGetsTheChangesOfOthersAndNotItsOwn) {
  auto one = connect(a, "one");
  auto two = connect(a, "two");

  const auto came = one->tell(push({change("k", "v", 5, "one")}));

  ASSERT_EQ(came.size(), 1u) << Json(came);
  EXPECT_EQ(came[0]["type"], "sync_ack");
  EXPECT_EQ(came[0]["changes"], Json::array());
  EXPECT_EQ(two->heard().at(0)["changes"], Json::array({change("k", "v", 5, "one")}));
}

TEST_F(DeviceSync, AChangeReachesADeviceOnAnotherAgent) {
  auto one = connect(a, "one");
  auto far = connect(z, "far");

  one->tell(push({change("k", "v", 5, "one")}));
  exchange();

  EXPECT_EQ(far->heard().at(0)["changes"], Json::array({change("k", "v", 5, "one")}));
}

TEST_F(DeviceSync, AnAnswerIsForTheHighestTimestampOrElseForTheLastAck) {
  auto one = connect(a, "one");

  EXPECT_EQ(
      one->ask(push({change("a", "v", 9, "one"), change("b", "v", 7, "one")}, 4))["ack_timestamp"],
      9);
  EXPECT_EQ(one->ask(push({}, 4))["ack_timestamp"], 4);
  EXPECT_EQ(one->ask(push({change("c", "v", 2, "one")}, 9))["ack_timestamp"], 2);
}

TEST_F(DeviceSync, TheLaterTimestampWinsInWhateverOrderTheyCome) {
  auto one = connect(a, "one");
  one->tell(push({change("k", "new", 10, "one")}));
  auto two = connect(a, "two");

  const Json answer = two->ask(push({change("k", "old", 9, "two")}));

  EXPECT_EQ(answer["changes"], Json::array({change("k", "new", 10, "one")}));
  EXPECT_TRUE(one->heard().empty()) << "a value that lost is told to nobody";
  EXPECT_EQ(json(a, "GET", "/v1/objects/notes/k")["value"], "new");
}

TEST_F(DeviceSync, OtherDoorsReadAndWriteTheNotes) {
  auto one = connect(a, "one");
  one->tell(push({change("k", "v", 5, "one")}));
  EXPECT_EQ(json(a, "GET", "/v1/objects/notes")["value"], (Json{{"k", "v"}}));

  body(a, "PATCH", "/v1/objects/notes", R"({"ops":[{"op":"set","path":["k"],"value":{"a":1}}]})");

  const Json told = one->heard().at(0)["changes"][0];
  EXPECT_EQ(told["value"], R"({"a":1})") << "a value that is no string is shown as its JSON";
  EXPECT_EQ(told["device_id"], a.facts().node_id.hex());
  EXPECT_GT(told["timestamp"], 5);
}

// --- what a device has received

TEST_F(DeviceSync, WhatWasAcknowledgedDoesNotComeAgainOnAnyAgent) {
  poll(a, "one", push({change("k", "v", 5, "one")}));
  auto two = connect(a, "two");
  EXPECT_EQ(two->ask(push({}))["changes"].size(), 1u);
  EXPECT_EQ(acknowledged(a, "two"), Json::object()) << "known, and nothing is acknowledged";

  EXPECT_EQ(two->ask(push({}))["changes"].size(), 0u);

  const std::string actor = json(a, "GET", "/v1/status")["actor_id"];
  EXPECT_EQ(acknowledged(a, "two"), (Json{{actor, 1}}));
  exchange();
  two->leave();
  two = connect(z, "two");
  EXPECT_EQ(two->ask(push({}))["changes"].size(), 0u);
}

TEST_F(DeviceSync, WithoutAnAcknowledgementItComesAgain) {
  poll(a, "one", push({change("k", "v", 5, "one")}));
  auto two = connect(a, "two");
  EXPECT_EQ(two->ask(push({}))["changes"].size(), 1u);
  two->leave();

  two = connect(a, "two");
  EXPECT_EQ(two->ask(push({}))["changes"].size(), 1u) << "the answer may have been lost";
}

// The second message is sent before the device has the answer to the first one.
TEST_F(DeviceSync, AMessageSentBeforeTheAnswerAcknowledgesNothing) {
  poll(a, "one", push({change("k", "v", 5, "one")}));
  auto two = connect(a, "two");
  two->say(push({}));
  two->say(push({}));
  a.run();
  two->leave();

  EXPECT_EQ(acknowledged(a, "two"), Json::object());
  two = connect(a, "two");
  EXPECT_EQ(two->ask(push({}))["changes"].size(), 1u);
}

TEST_F(DeviceSync, APushedChangeIsAcknowledgedWithTheNextAnswer) {
  auto one = connect(a, "one");
  auto two = connect(a, "two");
  two->tell(push({}));
  one->tell(push({change("k", "v", 5, "one")}));
  EXPECT_EQ(two->heard().size(), 1u);

  two->tell(push({}));
  EXPECT_EQ(acknowledged(a, "two"), Json::object())
      << "this message may have crossed the pushed change";
  two->tell(push({}));

  EXPECT_EQ(acknowledged(a, "two").size(), 1u);
  two->leave();
  EXPECT_EQ(connect(a, "two")->ask(push({}))["changes"].size(), 0u);
}

TEST_F(DeviceSync, ADeviceMayAcknowledgeWithoutAPush) {
  poll(a, "one", push({change("k", "v", 5, "one")}));
  auto two = connect(a, "two");
  two->tell(push({}, 3));

  EXPECT_TRUE(two->tell(R"({"type":"sync_ack","ack_timestamp":4})").empty());
  EXPECT_EQ(acknowledged(a, "two"), Json::object()) << "no answer had this number";
  EXPECT_TRUE(two->tell(R"({"type":"sync_ack","ack_timestamp":3})").empty());

  EXPECT_EQ(acknowledged(a, "two").size(), 1u);
}

TEST_F(DeviceSync, LastAckCountsOnlyForADeviceThatIsNotKnown) {
  poll(a, "one", push({change("old", "v", 5, "one"), change("new", "v", 9, "one")}));

  EXPECT_EQ(poll(a, "two", push({}, 5))["changes"], Json::array({change("new", "v", 9, "one")}));

  // Now it is known. What was left out was not received, so it comes: a number of another mesh
  // says nothing about what is here.
  EXPECT_EQ(poll(a, "two", push({}, 9))["changes"].size(), 2u);
}

TEST_F(DeviceSync, AChangeThatArrivesLateWithAnOldTimestampIsNotMissed) {
  auto one = connect(a, "one");
  EXPECT_EQ(one->ask(push({change("k", "v", 1'000, "one")}))["ack_timestamp"], 1'000);
  one->tell(push({}, 1'000));
  one->leave();
  poll(z, "far", push({change("f", "late", 10, "far")}));
  exchange();

  one = connect(a, "one");

  EXPECT_EQ(one->ask(push({}, 1'000))["changes"], Json::array({change("f", "late", 10, "far")}));
}

// --- polling

TEST_F(DeviceSync, APollAcknowledgesWithANewNumberOnly) {
  poll(z, "far", push({change("f", "v", 3, "far")}));
  exchange();
  const std::string first = push({change("k", "v", 7, "one")}, 2);
  EXPECT_EQ(poll(a, "one", first)["changes"].size(), 1u);
  EXPECT_EQ(poll(a, "one", first)["changes"].size(), 1u) << "the first answer may have been lost";

  EXPECT_EQ(poll(a, "one", push({}, 7))["changes"].size(), 0u);

  poll(z, "far", push({change("g", "v", 4, "far")}));
  exchange();
  EXPECT_EQ(poll(a, "one", push({}, 7))["changes"].size(), 1u);
  EXPECT_EQ(poll(a, "one", push({}, 7))["changes"].size(), 1u) << "nothing tells that it arrived";
  const std::string acknowledges = R"({"type":"sync_ack","ack_timestamp":7})";
  EXPECT_EQ(poll(a, "one", acknowledges)["changes"].size(), 0u);
  EXPECT_EQ(poll(a, "one", push({}, 7))["changes"].size(), 1u)
      << "of the answers with one number the first is acknowledged";
  poll(a, "one", acknowledges);
  EXPECT_EQ(poll(a, "one", push({}, 7))["changes"].size(), 0u);
}

TEST_F(DeviceSync, ALargeBacklogComesInPages) {
  for (int i = 0; i < 6; ++i) {
    poll(a, "one",
         push({change("k" + std::to_string(i), std::string(500'000, 'x'), 10 + i, "one")}));
  }
  auto two = connect(a, "two");

  const auto came = two->tell(push({}));

  std::set<std::string> keys;
  for (const Json& message : came) {
    EXPECT_LT(message.dump().size(), 2'000'000u);
    for (const Json& one : message["changes"]) keys.insert(one["key"]);
  }
  EXPECT_GT(came.size(), 1u);
  EXPECT_EQ(came[0]["type"], "sync_ack");
  EXPECT_EQ(keys.size(), 6u);
}

TEST_F(DeviceSync, ASlowDeviceGetsItsBacklogAsItReads) {
  for (int i = 0; i < 12; ++i) {
    poll(a, "one",
         push({change("k" + std::to_string(i), std::string(900'000, 'x'), 10 + i, "one")}));
  }
  auto two = std::make_unique<WebClient>(a, "/ws/sync?device_id=two");
  two->socket().read_slowly();
  two->say(push({}));
  std::set<std::string> keys;
  for (int i = 0; i < 100; ++i) {
    a.advance(10);
    for (const Json& message : two->heard()) {
      for (const Json& one : message["changes"]) keys.insert(one["key"]);
    }
  }

  EXPECT_FALSE(two->socket().gone());
  EXPECT_EQ(keys.size(), 12u);
}

// --- bad input

TEST_F(DeviceSync, ADeviceMustSayWhoItIs) {
  for (const std::string target : {"/ws/sync", "/ws/sync?device_id=", "/ws/sync?device=one"}) {
    const auto exchange = a.send("GET", target);
    a.run();
    ASSERT_TRUE(exchange->answered()) << target;
    EXPECT_EQ(exchange->response().status, 400) << target;
    EXPECT_EQ(parsed(exchange->response())["type"], "error") << target;
    EXPECT_EQ(a.call("POST", "/sync/device" + target.substr(8), push({})).status, 400) << target;
  }
  const std::string long_id(257, 'd');
  EXPECT_EQ(a.call("POST", "/sync/device?device_id=" + long_id, push({})).status, 400);
}

TEST_F(DeviceSync, BadMessagesGetAnErrorAndNothingOfThemIsWritten) {
  auto one = connect(a, "one");
  const std::string good = change("good", "v", 5, "one").dump();
  const auto with = [&](const std::string& other) {
    return R"({"type":"sync_push","changes":[)" + good + "," + other + R"(],"last_ack":0})";
  };
  const std::int64_t now = a.now().wall_nanos;
  std::vector<std::string> bad = {
      "",
      "[]",
      "{}",
      R"({"type":"sync_push"})",
      R"({"type":"sync_push","changes":[]})",
      R"({"type":"sync_push","last_ack":0})",
      R"({"type":"sync_push","changes":{},"last_ack":0})",
      R"({"type":"sync_push","changes":[],"last_ack":"0"})",
      R"({"type":"sync_push","changes":[],"last_ack":-1})",
      R"({"type":"sync_ack"})",
      R"({"type":"pull","changes":[],"last_ack":0})",
      with("5"),
      with("{}"),
      with(R"({"key":"k","value":"v","timestamp":1})"),
      with(R"({"key":"k","value":"v","device_id":"one"})"),
      with(R"({"key":"k","timestamp":1,"device_id":"one"})"),
      with(R"({"value":"v","timestamp":1,"device_id":"one"})"),
      with(R"({"key":"k","value":5,"timestamp":1,"device_id":"one"})"),
      with(R"({"key":"","value":"v","timestamp":1,"device_id":"one"})"),
      with(R"({"key":"k","value":"v","timestamp":-1,"device_id":"one"})"),
      with(R"({"key":"k","value":"v","timestamp":1.5,"device_id":"one"})"),
      with(R"({"key":"k","value":"v","timestamp":1,"device_id":""})"),
      with(change("k", "v", now + base::seconds(3'700).nanos, "one").dump())};
  for (const std::string& message : bad) {
    const Json error = one->ask(message);
    EXPECT_EQ(error["type"], "error") << message;
    EXPECT_FALSE(error["message"].get<std::string>().empty()) << message;
    EXPECT_EQ(error.size(), 2u) << message;
    const auto refused = a.call("POST", "/sync/device?device_id=one", message);
    EXPECT_EQ(refused.status, 400) << message;
    EXPECT_EQ(parsed(refused)["type"], "error") << message;
  }
  one->socket().say("\x01", true);
  a.run();
  EXPECT_EQ(one->heard().at(0)["type"], "error") << "a binary message";

  EXPECT_EQ(a.call("GET", "/v1/objects/notes").status, 404) << "nothing was written";
  EXPECT_TRUE(one->tell(R"({"type":"subscribe","note_path":"p"})").empty());
  EXPECT_EQ(one->ask(push({change("k", "v", now, "one")}))["type"], "sync_ack");
}

TEST_F(DeviceSync, AMessageHasABound) {
  auto one = connect(a, "one");
  EXPECT_EQ(one->ask(push({change("k", std::string(kDeviceMessageMax, 'x'), 1, "one")}))["type"],
            "error");
  std::vector<Json> many(kDeviceChangesMax + 1, change("k", "v", 1, "one"));
  EXPECT_EQ(one->ask(push(many))["type"], "error");
  EXPECT_EQ(one->ask(push({change("k", "v", 1, "one")}))["type"], "sync_ack");
}

TEST_F(DeviceSync, ADeviceIsReadNoFasterThanItsLargeMessagesAreAnswered) {
  WebClient one(a, "/ws/sync?device_id=one");  // the host does not run yet, so its messages wait

  for (int i = 0; i < 3; ++i) {
    one.say(push({change("k" + std::to_string(i), std::string(900'000, 'x'), 10 + i, "one")}));
    EXPECT_TRUE(one.socket().paused()) << i;
  }
  a.run();

  EXPECT_EQ(one.heard().size(), 3u) << "each was answered";
  EXPECT_FALSE(one.socket().paused());
}

TEST_F(DeviceSync, MessagesOfAllDevicesTogetherHaveABoundAndARefusedOneIsSentAgain) {
  const std::string large = push({}) + std::string(1'800'000, ' ');
  const std::size_t fit = kDevicesWaitingBytes / large.size();
  std::vector<std::unique_ptr<WebClient>> clients;
  for (std::size_t i = 0; i < fit + 5; ++i) {
    clients.push_back(std::make_unique<WebClient>(a, "/ws/sync?device_id=d" + std::to_string(i)));
    clients.back()->say(large);
  }

  clients.front()->leave();  // what waits for a device that has gone holds up nobody
  a.run();

  std::size_t refused = 0;
  for (std::size_t i = 1; i < clients.size(); ++i) {
    const Json first = clients[i]->heard().at(0);
    if (first["type"] == "sync_ack") continue;
    ++refused;
    EXPECT_THAT(first["message"], ::testing::HasSubstr("send the message again"));
    EXPECT_EQ(clients[i]->tell(large).at(0)["type"], "sync_ack");
  }
  EXPECT_GE(refused, 5u);
  EXPECT_LE(refused, 6u);
}

TEST_F(DeviceSync, AWriteThatFailsIsAnErrorAndTheDeviceSendsAgain) {
  auto one = connect(a, "one");
  const std::string message = push({change("k", "v", 5, "one")});
  a.refuse_writes_ = 1;

  EXPECT_EQ(one->ask(message)["type"], "error");
  EXPECT_EQ(one->ask(message)["type"], "sync_ack");
}

TEST_F(DeviceSync, TwoConnectionsOfOneDeviceAreBothServed) {
  auto one = connect(a, "dev");
  auto again = connect(a, "dev");
  poll(a, "far", push({change("k", "v", 5, "far")}));

  EXPECT_EQ(one->heard().size(), 1u);
  EXPECT_EQ(again->heard().size(), 1u);
  EXPECT_EQ(one->ask(push({change("a", "1", 6, "dev")}))["ack_timestamp"], 6);
  EXPECT_EQ(again->ask(push({change("b", "1", 7, "dev")}))["ack_timestamp"], 7);
}

TEST_F(DeviceSync, NothingIsKeptWithoutConnections) {
  auto one = connect(a, "one");
  EXPECT_EQ(a.watchers(), 1u);

  one->leave();
  a.run();

  EXPECT_EQ(a.watchers(), 0u);
}

}  // namespace
}  // namespace agent
