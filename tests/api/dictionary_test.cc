// The dictionary over WebSocket: what clients send, what all of them get, and what is refused.

#include "agent/api/limits.h"
#include "tests/api/web_client.h"

namespace agent {
namespace {

struct DictionaryDoor : ::testing::Test {
  std::unique_ptr<WebClient> connect(FakeHost& host) {
    auto client = std::make_unique<WebClient>(host, "/ws");
    host.run();
    return client;
  }
  // Connects and passes over the first message.
  std::unique_ptr<WebClient> joined(FakeHost& host) {
    auto client = connect(host);
    const auto first = client->heard();
    EXPECT_EQ(first.size(), 1u);
    return client;
  }
  void exchange() {
    a.learn_from(z);
    z.learn_from(a);
  }
  FakeHost a{"A"};
  FakeHost z{"Z"};
};

TEST_F(DictionaryDoor, ANewClientGetsAllValues) {
  auto one = connect(a);
  EXPECT_EQ(Json(one->heard()), Json::parse(R"([{"action":"initial_data","data":{}}])"));
  one->tell(R"({"action":"add","key":"k","value":"v"})");
  one->tell(R"({"action":"add","key":"gone","value":"w"})");
  one->tell(R"({"action":"remove","key":"gone"})");

  auto two = connect(a);

  EXPECT_EQ(Json(two->heard()), Json::parse(R"([{"action":"initial_data","data":{"k":"v"}}])"));
}

TEST_F(DictionaryDoor, EveryChangeGoesToAllClientsTheSenderToo) {
  auto one = joined(a);
  auto two = joined(a);

  const Json added = one->ask(R"({"action":"add","key":"k","value":"v"})");

  EXPECT_EQ(added["action"], "add");
  EXPECT_EQ(added["key"], "k");
  EXPECT_EQ(added["value"], "v");
  EXPECT_EQ(added.size(), 4u);
  EXPECT_GT(added["timestamp"].get<std::uint64_t>(), 1'700'000'000'000'000'000u);
  EXPECT_EQ(Json(two->heard()), Json::array({added}));
  const Json updated = two->ask(R"({"action":"update","key":"k","value":"w"})");
  EXPECT_EQ(updated["action"], "add");
  EXPECT_GT(updated["timestamp"], added["timestamp"]);
  EXPECT_EQ(Json(one->heard()), Json::array({updated}));
  const Json removed = one->ask(R"({"action":"remove","key":"k"})");
  EXPECT_EQ(removed["action"], "remove");
  EXPECT_TRUE(removed["value"].is_null());
  EXPECT_GT(removed["timestamp"], updated["timestamp"]);
  EXPECT_EQ(Json(two->heard()), Json::array({removed}));
}

// The original server tells every message that is no lookup, whatever is there.
TEST_F(DictionaryDoor, RemovingAnUnknownKeyIsKeptAndTold) {
  auto one = joined(a);

  EXPECT_EQ(one->ask(R"({"action":"remove","key":"k"})")["action"], "remove");

  EXPECT_TRUE(one->ask(R"({"action":"lookup","key":"k"})")["value"].is_null());
}

TEST_F(DictionaryDoor, ALookupIsAnsweredToTheCallerAlone) {
  auto one = joined(a);
  auto two = joined(a);
  one->tell(R"({"action":"add","key":"k","value":"v"})");
  two->heard();

  EXPECT_EQ(one->ask(R"({"action":"lookup","key":"k"})"),
            Json::parse(R"({"key":"k","value":"v"})"));
  EXPECT_EQ(one->ask(R"({"action":"lookup","key":"x"})"),
            Json::parse(R"({"key":"x","value":null})"));

  EXPECT_TRUE(two->heard().empty());
}

TEST_F(DictionaryDoor, ALookupSeesTheWritesOfItsClientBeforeIt) {
  auto one = joined(a);

  one->say(R"({"action":"add","key":"k","value":"1"})");
  one->say(R"({"action":"lookup","key":"k"})");
  one->say(R"({"action":"remove","key":"k"})");
  const auto came = one->tell(R"({"action":"lookup","key":"k"})");

  ASSERT_EQ(came.size(), 4u) << Json(came);
  std::vector<Json> lookups;
  for (const Json& message : came) {
    if (!message.contains("action")) lookups.push_back(message["value"]);
  }
  ASSERT_EQ(lookups.size(), 2u);
  EXPECT_TRUE(lookups[1].is_null());
}

TEST_F(DictionaryDoor, EveryChangeIsToldAlsoWhenTheNextOneIsInTheSameCommit) {
  auto one = joined(a);

  one->say(R"({"action":"add","key":"k","value":"1"})");
  one->say(R"({"action":"remove","key":"k"})");
  const auto came = one->tell(R"({"action":"add","key":"k","value":"2"})");

  ASSERT_EQ(came.size(), 3u) << Json(came);
  EXPECT_EQ(came[0]["value"], "1");
  EXPECT_EQ(came[1]["action"], "remove");
  EXPECT_EQ(came[2]["value"], "2");
}

// Clients that keep the highest timestamp themselves would ignore a change that has the same one.
TEST_F(DictionaryDoor, ChangesOfOneCommitHaveTimestampsThatGrow) {
  auto one = joined(a);

  one->say(R"({"action":"add","key":"k","value":"1"})");
  one->say(R"({"action":"remove","key":"k"})");
  one->say(R"({"action":"add","key":"k","value":"2"})");
  const auto came = one->tell(R"({"action":"add","key":"k","value":"3"})");

  ASSERT_EQ(came.size(), 4u) << Json(came);
  for (std::size_t i = 1; i < came.size(); ++i) {
    EXPECT_GT(came[i]["timestamp"], came[i - 1]["timestamp"]) << Json(came);
  }
}

TEST_F(DictionaryDoor, AChangeReachesTheClientsOfOtherAgents) {
  auto one = joined(a);
  auto far = joined(z);

  const Json added = one->ask(R"({"action":"add","key":"k","value":"v"})");
  exchange();

  EXPECT_EQ(Json(far->heard()), Json::array({added}));
}

// --- stamps

TEST_F(DictionaryDoor, AnOlderAddThatArrivesAfterARemovalStaysHidden) {
  auto one = joined(a);
  auto far = joined(z);
  one->tell(R"({"action":"add","key":"k","value":"old"})");
  z.advance(10);
  far->tell(R"({"action":"remove","key":"k"})");

  z.learn_from(a);

  EXPECT_TRUE(far->heard().empty());
  EXPECT_TRUE(far->ask(R"({"action":"lookup","key":"k"})")["value"].is_null());
  a.learn_from(z);
  EXPECT_EQ(one->heard().at(0)["action"], "remove");
  auto fresh = connect(a);
  EXPECT_EQ(fresh->heard().at(0)["data"], Json::object());
}

TEST_F(DictionaryDoor, ALaterAddShowsAgainAfterARemoval) {
  auto one = joined(a);
  auto far = joined(z);
  far->tell(R"({"action":"remove","key":"k"})");
  a.advance(10);
  one->tell(R"({"action":"add","key":"k","value":"new"})");

  exchange();

  EXPECT_EQ(far->heard().at(0)["value"], "new");
  EXPECT_TRUE(one->heard().empty());
}

// The clocks of both agents show the same time, and both write their first change.
TEST_F(DictionaryDoor, OfEqualStampsAnAddBeatsARemoval) {
  auto one = joined(a);
  auto far = joined(z);
  const Json added = one->ask(R"({"action":"add","key":"k","value":"v"})");
  const Json removed = far->ask(R"({"action":"remove","key":"k"})");
  ASSERT_EQ(added["timestamp"], removed["timestamp"]) << "the stamps must tie";

  exchange();

  EXPECT_TRUE(one->heard().empty());
  EXPECT_EQ(Json(far->heard()), Json::array({added}));
}

TEST_F(DictionaryDoor, OfEqualStampsBothAgentsShowTheSameValue) {
  auto one = joined(a);
  auto far = joined(z);
  const Json at_a = one->ask(R"({"action":"add","key":"k","value":"a"})");
  const Json at_z = far->ask(R"({"action":"add","key":"k","value":"z"})");
  ASSERT_EQ(at_a["timestamp"], at_z["timestamp"]) << "the stamps must tie";

  exchange();
  one->heard();
  far->heard();

  const Json shown = one->ask(R"({"action":"lookup","key":"k"})");
  EXPECT_EQ(shown, far->ask(R"({"action":"lookup","key":"k"})"));
  EXPECT_EQ(shown["value"], json(a, "GET", "/v1/objects/dictionary/k")["value"]);
}

// --- other doors

TEST_F(DictionaryDoor, OtherDoorsReadAndWriteTheSameObject) {
  auto one = joined(a);
  one->tell(R"({"action":"add","key":"k","value":"v"})");
  EXPECT_EQ(json(a, "GET", "/v1/objects/dictionary")["value"], (Json{{"k", "v"}}));

  body(a, "PATCH", "/v1/objects/dictionary",
       R"({"ops":[{"op":"set","path":["k"],"value":"w"},{"op":"set","path":["n"],"value":5}]})");
  const auto set = one->heard();
  ASSERT_EQ(set.size(), 2u) << Json(set);
  EXPECT_EQ(set[0]["value"], "w");
  EXPECT_EQ(set[1]["value"], "5") << "a value that is no string is shown as its JSON";
  body(a, "DELETE", "/v1/objects/dictionary/k");
  const auto removed = one->heard();
  ASSERT_EQ(removed.size(), 1u);
  EXPECT_EQ(removed[0]["action"], "remove");
  EXPECT_EQ(removed[0]["key"], "k");
  EXPECT_GE(removed[0]["timestamp"], set[0]["timestamp"]);
  body(a, "DELETE", "/v1/objects/dictionary");
  EXPECT_EQ(one->heard().at(0)["key"], "n");
  EXPECT_EQ(connect(a)->heard().at(0)["data"], Json::object());
}

// --- bad input

TEST_F(DictionaryDoor, BadMessagesGetAnErrorAndTheConnectionStays) {
  auto one = joined(a);
  auto two = joined(a);
  const std::string long_key(1025, 'k');

  for (const std::string& bad : std::vector<std::string>{
           "", "{", "[]", "5", "null", "{}", R"({"action":"add"})", R"({"key":"k","value":"v"})",
           R"({"action":"add","key":"k"})", R"({"action":"add","key":"k","value":5})",
           R"({"action":"add","key":"k","value":null})", R"({"action":"add","key":5,"value":"v"})",
           R"({"action":"add","key":"","value":"v"})", R"({"action":"rename","key":"k"})",
           R"({"action":5,"key":"k"})", R"({"action":"add","key":"a\u0000b","value":"v"})",
           R"({"action":"add","key":")" + long_key + R"(","value":"v"})",
           R"({"action":"add","key":"k","key":"l","value":"v"})",
           R"({"action":"add","key":"k","value":"v"} x)"}) {
    const Json error = one->ask(bad);
    EXPECT_EQ(error["action"], "error") << bad;
    EXPECT_FALSE(error["error"].get<std::string>().empty()) << bad;
    EXPECT_EQ(error.size(), 2u) << bad;
  }
  one->socket().say("\x01\x02", true);
  a.run();
  EXPECT_EQ(one->heard().at(0)["action"], "error") << "a binary message";
  one->say(R"({"action":"add","key":"k","value":")" + std::string(kDictionaryMessageMax, 'x') +
           "\"}");
  a.run();
  EXPECT_EQ(one->heard().at(0)["action"], "error") << "a message that is too large";

  EXPECT_TRUE(two->heard().empty());
  EXPECT_EQ(one->ask(R"({"action":"add","key":"k","value":"v"})")["action"], "add");
}

TEST_F(DictionaryDoor, AKeyMayHaveItsLargestSize) {
  auto one = joined(a);

  const Json added =
      one->ask(R"({"action":"add","key":")" + std::string(1024, 'k') + R"(","value":""})");

  EXPECT_EQ(added["action"], "add");
  EXPECT_EQ(added["value"], "");
}

TEST_F(DictionaryDoor, AWriteThatFailsIsToldToItsSenderAlone) {
  auto one = joined(a);
  auto two = joined(a);
  a.refuse_writes_ = 1;

  EXPECT_EQ(one->ask(R"({"action":"add","key":"k","value":"v"})")["action"], "error");

  EXPECT_TRUE(two->heard().empty());
}

// --- many, slow and gone clients

TEST_F(DictionaryDoor, AThousandClientsGetEveryChange) {
  std::vector<std::unique_ptr<WebClient>> clients;
  for (int i = 0; i < 1'000; ++i) clients.push_back(std::make_unique<WebClient>(a, "/ws"));
  a.run();
  const std::size_t reads = a.reads();

  clients[0]->say(R"({"action":"add","key":"k","value":"v"})");
  a.run();

  EXPECT_EQ(a.watchers(), 1u);
  EXPECT_EQ(a.reads(), reads) << "no client costs a read";
  const std::string added = clients[0]->socket().take().at(1);
  for (std::size_t i = 1; i < clients.size(); ++i) {
    const auto came = clients[i]->socket().take();
    ASSERT_EQ(came.size(), 2u);
    ASSERT_EQ(came[1], added);
  }
}

TEST_F(DictionaryDoor, ASlowClientIsCutAndTheOthersGoOn) {
  auto slow = joined(a);
  auto quick = joined(a);
  slow->socket().read_slowly();
  const std::string value(1u << 20, 'x');

  for (int i = 0; i < 8; ++i) {
    quick->tell(R"({"action":"add","key":")" + std::to_string(i) + R"(","value":")" +
                value.substr(0, 1'000'000) + "\"}");
  }

  EXPECT_TRUE(slow->socket().gone());
  EXPECT_EQ(quick->ask(R"({"action":"add","key":"k","value":"v"})")["action"], "add");
}

TEST_F(DictionaryDoor, ALargeDictionaryIsRefusedToNewClients) {
  auto one = joined(a);
  for (int i = 0; i < 9; ++i) {
    one->tell(R"({"action":"add","key":")" + std::to_string(i) + R"(","value":")" +
              std::string(1'000'000, 'x') + "\"}");
  }
  auto two = connect(a);

  EXPECT_EQ(two->heard().at(0)["action"], "error");
  EXPECT_EQ(two->socket().closed_with(), http::kCloseTryAgainLater);
  EXPECT_FALSE(one->socket().closed_with()) << "who has the values goes on";
  one->leave();
  a.run();
  auto three = connect(a);
  EXPECT_EQ(three->heard().at(0)["action"], "error") << "it is also refused when it is read first";
  EXPECT_EQ(three->socket().closed_with(), http::kCloseTryAgainLater);
}

TEST_F(DictionaryDoor, NothingIsKeptWithoutClients) {
  auto one = joined(a);
  EXPECT_EQ(a.watchers(), 1u);

  one->leave();
  a.run();

  EXPECT_EQ(a.watchers(), 0u);
  body(a, "PATCH", "/v1/objects/dictionary", R"({"ops":[{"op":"set","path":["k"],"value":"v"}]})");
  EXPECT_EQ(connect(a)->heard().at(0)["data"], (Json{{"k", "v"}}));
}

TEST_F(DictionaryDoor, AFloodWaits) {
  auto one = joined(a);

  for (int i = 0; i < 500; ++i) {
    one->say(R"({"action":"add","key":")" + std::to_string(i) + R"(","value":"v"})");
  }
  EXPECT_LE(a.writes_waiting(), kDictionaryWaitingMax);
  a.run();

  EXPECT_EQ(one->heard().size(), 500u);
}

TEST_F(DictionaryDoor, BusyReadersDelayNothingForEver) {
  a.refuse_reads_ = 3;
  auto one = std::make_unique<WebClient>(a, "/ws");
  a.run();
  for (int i = 0; i < 20; ++i) a.advance(10);

  EXPECT_EQ(one->heard().at(0)["action"], "initial_data");
}

}  // namespace
}  // namespace agent
