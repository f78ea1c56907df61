// Credentials in real requests: over a socket, on loopback, with the routes of a small server.

#include "agent/api/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "agent/http/server.h"
#include "tests/access/signed_by.h"
#include "tests/http/client.h"
#include "tests/http/running_server.h"

namespace agent {
namespace {

using http::testing::Answer;
using http::testing::Client;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

auth::Time at_once() { return {{1}, std::nullopt}; }

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() {
    auth::ApiKey key;
    key.name = "a";
    key.scopes = {true, true, false};
    key.per_minute = 100;
    key_ = *file_.add(key, random_);
    access_.set(file_, {1});
    http::Options options;
    options.judge = judge_by(access_, at_once);
    options.origins = {"http://page.example"};
    server_ = std::make_unique<http::testing::RunningServer>(
        [this](http::Router& router, uv_loop_t*) { fill(router); }, options);
  }

  void fill(http::Router& router) {
    add_nonce_route(access_, at_once, router);
    auto add = [&](http::Verb verb, const char* pattern, auto change) {
      http::Route route;
      route.verb = verb;
      route.pattern = pattern;
      route.handler = [this](const std::shared_ptr<http::Exchange>& exchange) {
        ++handled_;
        const http::Request& request = exchange->request();
        exchange->respond(
            http::json_response(Json{{"caller", request.caller}, {"body", request.body}}.dump()));
      };
      change(route);
      router.add(std::move(route));
    };
    add(http::Verb::kGet, "/read", [](http::Route&) {});
    add(http::Verb::kPost, "/admin", [](http::Route& route) { route.scope = http::Scope::kAdmin; });
    add(http::Verb::kGet, "/healthz", [](http::Route& route) { route.scope = http::Scope::kNone; });
    add(http::Verb::kGet, "/ws", [](http::Route& route) { route.key_in_query = true; });
    add(http::Verb::kPost, "/crdt/sync",
        [](http::Route& route) { route.signed_off_loopback = true; });
  }

  Answer send(const std::string& line, const std::string& headers = "",
              const std::string& body = "") {
    Client client(server_->port());
    std::string request =
        line + " HTTP/1.1\r\nHost: localhost:" + std::to_string(server_->port()) + "\r\n" + headers;
    if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    EXPECT_TRUE(client.send(request + "\r\n" + body));
    auto answer = client.read_answer();
    EXPECT_TRUE(answer.has_value()) << line;
    return answer.value_or(Answer{});
  }
  std::string key_header() const { return "X-CRDT-API-Key: " + key_ + "\r\n"; }
  std::string id() const { return file_.keys[0].id; }

  base::Random random_ = base::Random::from_number(1);
  auth::KeyFile file_;
  auth::Access access_{random_.fork()};
  std::string key_;
  std::atomic<int> handled_ = 0;
  std::unique_ptr<http::testing::RunningServer> server_;
};

std::string caller_of(const Answer& answer) {
  return Json::parse(answer.body, nullptr, false).value("caller", "?");
}

TEST_F(CredentialsTest, AKeyIsTakenFromEitherHeaderAndNamesTheCaller) {
  EXPECT_EQ(caller_of(send("GET /read")), "");
  EXPECT_EQ(caller_of(send("GET /read", key_header())), id());
  EXPECT_EQ(caller_of(send("GET /read", "Authorization: Bearer " + key_ + "\r\n")), id());
  EXPECT_EQ(caller_of(send("GET /read", "Authorization: bEARER  " + key_ + " \r\n")), id());
  EXPECT_EQ(caller_of(send("GET /read", "Authorization: Basic YTpi\r\n")), "");
  EXPECT_EQ(caller_of(send("GET /read", "Authorization: Bearer\r\n")), "");
}

TEST_F(CredentialsTest, TheQueryHoldsAKeyOnlyForWebSockets) {
  EXPECT_EQ(caller_of(send("GET /ws?api_key=" + key_)), id());
  EXPECT_EQ(caller_of(send("GET /read?api_key=" + key_)), "");
  EXPECT_EQ(send("GET /ws?api_key=wrong").status, 401);
  EXPECT_EQ(send("GET /read?api_key=wrong").status, 200);
}

TEST_F(CredentialsTest, RefusalsHaveTheFormOfTheirProtocol) {
  Answer unknown = send("GET /read", "X-CRDT-API-Key: hsk_wrong\r\n");
  Answer unknown_there = send("POST /crdt/sync", "X-CRDT-API-Key: hsk_wrong\r\n");
  Answer scope = send("POST /admin", key_header());

  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(Json::parse(unknown.body)["error"]["code"], "unauthorized");
  EXPECT_THAT(std::string(unknown.header("www-authenticate")), HasSubstr("Bearer"));
  EXPECT_EQ(unknown_there.status, 401);
  EXPECT_EQ(unknown_there.body, R"({"error":"Unauthorized"})");
  EXPECT_EQ(scope.status, 403);
  EXPECT_EQ(Json::parse(scope.body)["error"]["code"], "forbidden");
  for (const Answer& answer : {unknown, unknown_there, scope}) {
    EXPECT_THAT(answer.body, Not(HasSubstr("hsk_")));
  }
  EXPECT_EQ(handled_, 0);
}

TEST_F(CredentialsTest, EveryAnswerToAKeySaysWhatIsLeftOfItsPlan) {
  Answer first = send("GET /read", key_header());
  EXPECT_EQ(first.header("ratelimit-limit"), "100");
  EXPECT_EQ(first.header("ratelimit-remaining"), "99");
  EXPECT_EQ(first.header("ratelimit-reset"), "1");
  Answer refused = send("POST /admin", key_header());
  EXPECT_EQ(refused.header("ratelimit-remaining"), "98");
  EXPECT_EQ(send("GET /read").header("ratelimit-limit"), "");
  for (int i = 0; i < 98; ++i) EXPECT_EQ(send("GET /read", key_header()).status, 200);

  Answer over = send("GET /read", key_header());

  EXPECT_EQ(over.status, 429);
  EXPECT_EQ(Json::parse(over.body)["error"]["code"], "rate_limited");
  EXPECT_EQ(over.header("retry-after"), "1");
  EXPECT_EQ(over.header("ratelimit-remaining"), "0");
  EXPECT_EQ(over.header("ratelimit-reset"), "60");
  EXPECT_EQ(send("GET /read").status, 200);
  EXPECT_EQ(send("GET /healthz", key_header()).status, 200);
}

class SignedRequestTest : public CredentialsTest {
 protected:
  std::string nonce() {
    Json answer = Json::parse(send("GET /crdt/nonce", key_header()).body);
    EXPECT_EQ(answer["expires_in"], 60);
    EXPECT_EQ(answer.size(), 2u);
    return answer["nonce"];
  }
  Answer send_signed(const std::string& nonce, const std::string& signature,
                     const std::string& body) {
    return send(
        "POST /crdt/sync?wait=1",
        key_header() + "X-CRDT-Nonce: " + nonce + "\r\nX-CRDT-Signature: " + signature + "\r\n",
        body);
  }
};

TEST_F(SignedRequestTest, IsHandledOnceAndItsReplayIsNot) {
  for (const std::string& body :
       {std::string(R"({"type":"gcounter"})"), std::string(), std::string(300'000, 'x')}) {
    handled_ = 0;
    const std::string fresh = nonce();
    const std::string signature =
        auth::signed_by(key_, {"POST", "/crdt/sync", "wait=1", fresh}, body);

    Answer taken = send_signed(fresh, signature, body);
    Answer replay = send_signed(fresh, signature, body);

    EXPECT_EQ(taken.status, 200);
    EXPECT_EQ(Json::parse(taken.body)["body"], body);
    EXPECT_EQ(caller_of(taken), id());
    EXPECT_EQ(replay.status, 401);
    const std::string again(replay.header("x-crdt-nonce"));
    EXPECT_EQ(send_signed(
                  again, auth::signed_by(key_, {"POST", "/crdt/sync", "wait=1", again}, body), body)
                  .status,
              200);
    EXPECT_EQ(handled_, 2);
  }
}

TEST_F(SignedRequestTest, AWrongSignatureNeverReachesTheHandlerAndBringsAFreshNonce) {
  const std::string body = R"({"type":"gcounter"})";

  Answer wrong = send_signed(nonce(), std::string(64, 'a'), body);
  Answer unknown = send_signed(std::string(32, 'b'), std::string(64, 'a'), body);
  Answer unsigned_one = send("POST /crdt/sync", key_header() + "X-CRDT-Signature: ab\r\n", body);

  for (const Answer& answer : {wrong, unknown, unsigned_one}) {
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.body, R"({"error":"Unauthorized"})");
    EXPECT_EQ(answer.header("x-crdt-nonce").size(), 32u);
    EXPECT_NE(answer.header("ratelimit-limit"), "");
  }
  EXPECT_EQ(handled_, 0);
  server_->on_loop([&] {
    const auto& refused = access_.counts().refused;
    EXPECT_EQ(refused[static_cast<std::size_t>(auth::Refusal::kSignature)], 1u);
    EXPECT_EQ(refused[static_cast<std::size_t>(auth::Refusal::kNonce)], 2u);
  });
}

TEST_F(SignedRequestTest, OnLoopbackASignatureIsNotNeeded) {
  EXPECT_EQ(send("POST /crdt/sync", key_header(), "x").status, 200);
  EXPECT_EQ(send("POST /crdt/sync", "", "x").status, 200);
  EXPECT_EQ(Json::parse(send("GET /crdt/nonce").body)["nonce"].get<std::string>().size(), 32u);
  EXPECT_EQ(handled_, 2);
}

TEST_F(SignedRequestTest, PreflightsAndUnknownRoutesNeedNoKey) {
  const std::string origin = "Origin: http://page.example\r\n";
  Answer preflight = send("OPTIONS /read", origin + "Access-Control-Request-Method: GET\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(send("GET /none", "X-CRDT-API-Key: wrong\r\n").status, 404);
  Answer refused = send("GET /read", origin + "X-CRDT-API-Key: wrong\r\n");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.header("access-control-allow-origin"), "http://page.example");
}

}  // namespace
}  // namespace agent
