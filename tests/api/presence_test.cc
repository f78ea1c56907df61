// /v1/presence over the real table of presences, without a mesh.

#include "tests/api/answers.h"

namespace agent {
namespace {

const std::string kOwn = "a1" + std::string(30, '0');

gossip::wire::Presence of_another(const std::string& key, const base::Bytes& body) {
  gossip::wire::Presence told;
  told.origin.bytes.fill(0xB2);
  told.version = 1;
  told.topic = "notes";
  told.key = key;
  told.life = 12'000;
  told.body = body;
  return told;
}

TEST(PresenceRoutes, ShowWhatWasPutWithWhatIsLeftOfItsLife) {
  FakeHost a("A");
  EXPECT_EQ(body(a, "GET", "/v1/presence/notes"), "[]");

  EXPECT_EQ(body(a, "PUT", "/v1/presence/notes/ann", R"( { "at" : 1.10 } )"),
            R"({"topic":"notes","key":"ann","expires_in_ms":30000})");
  a.advance(4'000);
  body(a, "PUT", "/v1/presence/notes/Bob%2F1", "null");
  body(a, "PUT", "/v1/presence/elsewhere/ann", "7");

  EXPECT_EQ(body(a, "GET", "/v1/presence/notes"),
            R"([{"key":"Bob/1","node":")" + kOwn + R"(","body":null,"expires_in_ms":30000},)" +
                R"({"key":"ann","node":")" + kOwn +
                R"(","body":{"at":1.10},"expires_in_ms":26000}])");
}

TEST(PresenceRoutes, APutRenewsAndALifeThatIsOverEnds) {
  FakeHost a("A");
  body(a, "PUT", "/v1/presence/notes/ann", "1");
  a.advance(20'000);
  body(a, "PUT", "/v1/presence/notes/ann", "2");

  a.advance(29'999);
  Json shown = json(a, "GET", "/v1/presence/notes");
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown[0]["body"], 2);
  a.advance(1);
  EXPECT_EQ(body(a, "GET", "/v1/presence/notes"), "[]");
}

TEST(PresenceRoutes, ADeleteEndsOnlyWhatThisAgentShows) {
  FakeHost a("A");
  body(a, "PUT", "/v1/presence/notes/ann", "1");
  a.presences_.take(a.now().instant, of_another("zoe", "2"));
  ASSERT_EQ(json(a, "GET", "/v1/presence/notes").size(), 2u);

  EXPECT_EQ(body(a, "DELETE", "/v1/presence/notes/ann"),
            R"({"topic":"notes","key":"ann","removed":true})");
  EXPECT_EQ(body(a, "DELETE", "/v1/presence/notes/ann"),
            R"({"topic":"notes","key":"ann","removed":false})");
  EXPECT_EQ(body(a, "DELETE", "/v1/presence/notes/zoe"),
            R"({"topic":"notes","key":"zoe","removed":false})");

  Json shown = json(a, "GET", "/v1/presence/notes");
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown[0]["key"], "zoe");
  EXPECT_EQ(shown[0]["expires_in_ms"], 12'000);
}

// Two clients on two agents may use one key. Both are shown, with their nodes.
TEST(PresenceRoutes, OneKeyOnTwoAgentsIsShownTwice) {
  FakeHost a("A");
  body(a, "PUT", "/v1/presence/notes/ann", "1");
  a.presences_.take(a.now().instant, of_another("ann", "2"));

  Json shown = json(a, "GET", "/v1/presence/notes");

  ASSERT_EQ(shown.size(), 2u);
  EXPECT_EQ(shown[0]["node"], kOwn);
  EXPECT_EQ(shown[1]["node"], of_another("", "").origin.hex());
}

// An agent of another version may let other bodies pass.
TEST(PresenceRoutes, ABodyOfAnotherAgentThatIsNoJsonIsShownAsAString) {
  FakeHost a("A");
  a.presences_.take(a.now().instant, of_another("one", "{\"a\":"));
  a.presences_.take(a.now().instant, of_another("two", "\xFF\"],[\""));

  Json shown = json(a, "GET", "/v1/presence/notes");

  ASSERT_EQ(shown.size(), 2u);
  EXPECT_EQ(shown[0]["body"], "{\"a\":");
  EXPECT_TRUE(shown[1]["body"].is_string());
}

TEST(PresenceRoutes, BadInputIsRefusedAndSaysWhy) {
  FakeHost a("A");
  const std::string longest(128, 'k');
  const std::string path = "/v1/presence/notes/";

  for (const char* sent : {"", "{", "01", "1 2", R"({"a":1,"a":2})", "\"\xFF\""}) {
    EXPECT_EQ(refusal(a, "PUT", path + "ann", sent), "400 invalid") << sent;
  }
  EXPECT_EQ(refusal(a, "PUT", path + longest + "k", "1"), "400 invalid");
  EXPECT_EQ(refusal(a, "PUT", path, "1"), "400 invalid");
  EXPECT_EQ(refusal(a, "PUT", "/v1/presence/" + longest + "k/ann", "1"), "400 invalid");
  EXPECT_EQ(refusal(a, "GET", "/v1/presence/" + longest + "k"), "400 invalid");
  EXPECT_EQ(refusal(a, "GET", "/v1/presence/"), "400 invalid");
  EXPECT_EQ(refusal(a, "DELETE", path + longest + "k"), "400 invalid");
  EXPECT_EQ(refusal(a, "DELETE", "/v1/presence//ann"), "400 invalid");
  EXPECT_EQ(refusal(a, "POST", path + "ann", "1"), "405 method_not_allowed");
  EXPECT_EQ(a.presences_.living(), 0u);
  auto refused = a.call("PUT", path + longest + "k", "1");
  EXPECT_NE(refused.body.find("the key has 129 bytes; expected 1 to 128 bytes"), std::string::npos)
      << refused.body;
  EXPECT_EQ(a.call("PUT", path + longest, "1").status, 200);
}

TEST(PresenceRoutes, TopicKeyAndBodyHaveOneBoundTogether) {
  FakeHost a("A");
  const std::string most = '"' + std::string(1'024 - 5 - 3 - 2, 'x') + '"';
  const std::string more = '"' + std::string(1'024 - 5 - 3 - 1, 'x') + '"';

  EXPECT_EQ(a.call("PUT", "/v1/presence/notes/ann", "  " + most + "  ").status, 200);
  EXPECT_EQ(refusal(a, "PUT", "/v1/presence/notes/ann", more), "413 too_large");
  EXPECT_EQ(refusal(a, "PUT", "/v1/presence/notes/ann", std::string(4'096, ' ') + "1"),
            "413 too_large");
  EXPECT_EQ(json(a, "GET", "/v1/presence/notes")[0]["body"].get<std::string>().size() + 2,
            most.size());
}

TEST(PresenceRoutes, MoreThanTheRateIs429AndLaterItPasses) {
  FakeHost a("A");
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(a.call("PUT", "/v1/presence/t/k" + std::to_string(i), "1").status, 200) << i;
  }

  auto refused = a.call("PUT", "/v1/presence/t/more", "1");

  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(parsed(refused)["error"]["code"], "rate_limited");
  EXPECT_EQ(header(refused, "Retry-After"), "1");
  a.advance(1'000);
  EXPECT_EQ(a.call("PUT", "/v1/presence/t/more", "1").status, 200);
}

// Ended ones are only remembered and make room.
TEST(PresenceRoutes, MoreThanTheTableHoldsIs429UntilOthersEnd) {
  FakeHost a("A");
  for (int i = 0; i < 512; ++i) {
    a.advance(20);
    ASSERT_EQ(a.call("PUT", "/v1/presence/t/k" + std::to_string(i), "1").status, 200) << i;
  }
  a.advance(1'000);

  EXPECT_EQ(refusal(a, "PUT", "/v1/presence/t/more", "1"), "429 rate_limited");
  EXPECT_EQ(a.call("PUT", "/v1/presence/t/k7", "2").status, 200);  // renewing needs no room
  body(a, "DELETE", "/v1/presence/t/k9");
  EXPECT_EQ(a.call("PUT", "/v1/presence/t/more", "1").status, 200);
  EXPECT_EQ(json(a, "GET", "/v1/presence/t").size(), 512u);
}

}  // namespace
}  // namespace agent
