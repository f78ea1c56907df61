// Idempotency-Key: a write that is sent again is done once.

#include "tests/api/answers.h"

namespace agent {
namespace {

struct RequestNames : ::testing::Test {
  http::Response call(const std::string& verb, const std::string& target, const std::string& body,
                      const http::Headers& headers) {
    auto exchange = a.send(verb, target, body, headers);
    a.run();
    EXPECT_TRUE(exchange->answered());
    return exchange->response();
  }
  http::Response named(const std::string& verb, const std::string& target, const std::string& body,
                       const std::string& key = "0123456789abcdef") {
    return call(verb, target, body, {{"idempotency-key", key}});
  }
  std::string value(const std::string& place) {
    return json(a, "GET", "/v1/objects/" + place)["value"].dump();
  }
  FakeHost a{"A"};
};

TEST_F(RequestNames, EveryWriteThatIsSentAgainIsDoneOnceAndAnsweredTheSame) {
  struct Sent {
    std::string verb, target, body;
  };
  const std::vector<Sent> all{
      {"PATCH", "/v1/objects/hits", R"({"ops":[{"op":"increment","by":5}]})"},
      {"PATCH", "/v1/objects/note",
       R"({"ops":[{"op":"insert","at":0,"text":"ab"},{"op":"insert","after":"~0.0","text":"x"}]})"},
      {"PUT", "/v1/objects/doc/k", R"({"type":"lww_register","value":1})"},
      {"DELETE", "/v1/objects/doc/k", ""},
      {"POST", "/snapshots/add/s", R"({"a":1})"},
      {"PUT", "/snapshots/metadata/s", R"({"a":2})"},
      {"PATCH", "/images/metadata/s", R"({"a":2})"},
      {"DELETE", "/snapshots/remove/s", ""}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& [verb, target, body] = all[i];
    const std::string key = "key-of-request-" + std::to_string(10 + i);
    const http::Response first = named(verb, target, body, key);
    const http::Response again = named(verb, target, body, key);
    EXPECT_EQ(first.status, 200) << first.body;
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.body, first.body) << verb << " " << target;
  }
  EXPECT_EQ(value("hits"), "5");
  EXPECT_EQ(value("note"), R"("axb")");
}

TEST_F(RequestNames, TwoAtOnceGetTheSameAnswer) {
  const std::string body = R"({"ops":[{"op":"increment","by":5}]})";
  const http::Headers headers{{"idempotency-key", "0123456789abcdef"}};
  auto one = a.send("PATCH", "/v1/objects/hits", body, headers);
  auto other = a.send("PATCH", "/v1/objects/hits", body, headers);
  a.run();

  ASSERT_TRUE(one->answered() && other->answered());
  EXPECT_EQ(one->response().body, other->response().body);
  EXPECT_EQ(value("hits"), "5");
}

TEST_F(RequestNames, AnotherRequestUnderTheSameNameIsRefused) {
  const std::string body = R"({"ops":[{"op":"increment","by":5}]})";
  EXPECT_EQ(named("PATCH", "/v1/objects/hits", body).status, 200);
  EXPECT_EQ(named("PATCH", "/v1/objects/hits", body + " ").status, 422);
  EXPECT_EQ(named("PATCH", "/v1/objects/other", body).status, 422);
  EXPECT_EQ(named("DELETE", "/v1/objects/hits", "").status, 422);
  // What the answer has may be asked anew.
  const http::Response again = named("PATCH", "/v1/objects/hits?return=value", body);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(parsed(again)["value"], 5);
}

TEST_F(RequestNames, ANameThatIsNoneIsRefusedAndNothingIsDone) {
  const std::string body = R"({"ops":[{"op":"increment","by":5}]})";
  for (const std::string& key :
       {std::string(), std::string(15, 'k'), std::string(65, 'k'), std::string(15, 'k') + " ",
        std::string(15, 'k') + "\t", std::string(16, 'k') + "\xC3\xA4", std::string(16, '\x7F')}) {
    EXPECT_EQ(named("PATCH", "/v1/objects/hits", body, key).status, 400) << key;
    EXPECT_EQ(named("POST", "/snapshots/add/s", "{}", key).status, 400) << key;
  }
  const http::Headers twice{{"idempotency-key", std::string(16, 'a')},
                            {"idempotency-key", std::string(16, 'a')}};
  EXPECT_EQ(call("PATCH", "/v1/objects/hits", body, twice).status, 400);
  EXPECT_EQ(a.call("GET", "/v1/objects/hits").status, 404);
  EXPECT_EQ(named("PATCH", "/v1/objects/hits", body, std::string(64, '~')).status, 200);
  EXPECT_EQ(named("PATCH", "/v1/objects/hits", body, std::string(16, '!')).status, 200);
}

TEST_F(RequestNames, AnImportTakesNoName) {
  const http::Response refused =
      call("POST", "/v1/import?type=snapshots", "", {{"idempotency-key", std::string(16, 'a')}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("takes no Idempotency-Key"), std::string::npos);
}

}  // namespace
}  // namespace agent
