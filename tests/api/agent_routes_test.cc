#include "agent/api/api.h"
#include "agent/api/credentials.h"
#include "tests/api/answers.h"

namespace agent {
namespace {

TEST(Status, ShowsIdentityVectorDigestAndCounts) {
  FakeHost a("A");
  body(a, "POST", "/snapshots/add/s", R"({"a":1})");
  body(a, "POST", "/images/add/i", "{}");
  for (auto state :
       {gossip::MemberState::kAlive, gossip::MemberState::kAlive, gossip::MemberState::kSuspect,
        gossip::MemberState::kDead, gossip::MemberState::kLeft}) {
    gossip::MemberView member;
    member.record.state = state;
    member.record.incarnation = 1;
    a.members_.push_back(member);
  }

  Json status = json(a, "GET", "/v1/status");

  std::string actor = a.replica().own_actor().hex();
  EXPECT_EQ(status["name"], "A");
  EXPECT_EQ(status["node_id"], a.facts().node_id.hex());
  EXPECT_EQ(status["actor_id"], actor);
  EXPECT_EQ(status["version"], "1.2.3");
  EXPECT_EQ(status["state"], "ready");
  EXPECT_EQ(status["reason"], "");
  EXPECT_EQ(status["bind"], "127.0.0.1:7700");
  EXPECT_EQ(status["http"], "127.0.0.1:7780");
  EXPECT_EQ(status["topology"], "push-pull");
  EXPECT_EQ(status["profile"], "lan");
  EXPECT_EQ(status["members"],
            Json::parse(R"({"alive":2,"suspect":1,"dead":1,"left":1,"unreachable":0,)"
                        R"("remembered":0})"));
  EXPECT_EQ(status["isolated"], nullptr);
  EXPECT_EQ(status["vector"], (Json{{actor, 2}}));
  EXPECT_EQ(status["digest"], a.replica().store().meta().digest.hex());
  EXPECT_EQ(status["objects"], 2);
  EXPECT_EQ(status["cells"], 5);
  EXPECT_EQ(status["log"]["changes"], 2);
  EXPECT_GT(status["log"]["bytes"], 0);
  EXPECT_EQ(status["clock"]["trusted"], true);
  EXPECT_TRUE(status["clock"]["offset_ms"].is_number_integer());
  EXPECT_EQ(status["uptime_seconds"], 90);
}

TEST(Status, HasNoActorBeforeTheFirstWrite) {
  FakeHost a("A");

  Json status = json(a, "GET", "/v1/status");

  EXPECT_EQ(status["actor_id"], nullptr);
  EXPECT_EQ(status["vector"], Json::object());
  EXPECT_EQ(status["digest"], std::string(32, '0'));
}

TEST(Status, SaysWhyItIsNotReady) {
  FakeHost a("A");
  a.health_ = Health::kSyncing;
  a.reason_ = "the state is fetched";

  Json status = json(a, "GET", "/v1/status");

  EXPECT_EQ(status["state"], "syncing");
  EXPECT_EQ(status["reason"], "the state is fetched");
}

// Programs read these fields by name, so they must stay (docs/api.md).
TEST(Status, HasTheFieldsOfItsContract) {
  FakeHost a("A");

  Json status = json(a, "GET", "/v1/status");

  for (const char* field : {"name", "node_id", "actor_id", "version", "state", "bind", "http",
                            "topology", "profile", "members", "vector", "closed", "digest",
                            "objects", "cells", "log", "clock", "uptime_seconds"}) {
    EXPECT_TRUE(status.contains(field)) << field;
  }
}

// Years of restarts leave thousands of closed actors.
TEST(Status, ClosedActorsAreCountedAndListedOnlyWhenAskedFor) {
  FakeHost a("A");
  body(a, "POST", "/snapshots/add/s", "{}");
  base::ActorId first = a.replica().own_actor();
  a.restart(false);
  body(a, "POST", "/snapshots/add/t", "{}");
  ASSERT_NE(a.replica().own_actor(), first);
  a.close_actor(first);

  Json status = json(a, "GET", "/v1/status");

  ASSERT_EQ(a.replica().closed(), std::vector<base::ActorId>{first});
  const std::string own = a.replica().own_actor().hex();
  EXPECT_EQ(status["vector"], (Json{{own, 1}}));
  EXPECT_EQ(status["actor_id"], own);
  EXPECT_EQ(status["closed"]["actors"], 1);
  EXPECT_EQ(status["closed"]["hash"],
            crdt::vector_element(first, a.replica().vector().head_of(first)).hex());
  Json all = json(a, "GET", "/v1/status?closed=1");
  EXPECT_EQ(all["vector"], (Json{{first.hex(), 1}, {own, 1}}));
}

// All fields are of one state: when a join changes data, its vector, digest and counts change
// together.
TEST(Status, FollowsAStateJoin) {
  FakeHost a("A");
  FakeHost z("Z");
  for (const char* id : {"1", "2"}) body(a, "POST", "/images/add/" + std::string(id), "{}");

  z.join_from(a);
  z.run();

  Json at_a = json(a, "GET", "/v1/status");
  Json at_z = json(z, "GET", "/v1/status");
  for (const char* field : {"vector", "digest", "objects", "cells"}) {
    EXPECT_EQ(at_a[field], at_z[field]) << field;
  }
  EXPECT_EQ(at_z["log"]["changes"], 0);
  EXPECT_EQ(at_z["actor_id"], nullptr);
}

TEST(Status, TwoAgentsThatHoldTheSameShowTheSame) {
  FakeHost a("A");
  FakeHost z("Z");
  body(a, "POST", "/snapshots/add/s", R"({"a":1})");
  body(z, "POST", "/snapshots/add/s", R"({"a":2})");
  a.learn_from(z);
  z.learn_from(a);

  Json at_a = json(a, "GET", "/v1/status");
  Json at_z = json(z, "GET", "/v1/status");

  EXPECT_EQ(at_a["vector"], at_z["vector"]);
  EXPECT_EQ(at_a["digest"], at_z["digest"]);
  EXPECT_EQ(at_a["vector"].size(), 2u);
}

TEST(Members, AreListedWithWhatIsKnown) {
  FakeHost a("A");
  gossip::MemberView self;
  self.record.node = a.facts().node_id;
  self.record.name = "A \"quoted\"";
  self.record.address = *gossip::Address::parse("127.0.0.1:7700");
  self.record.incarnation = 3;
  self.record.topology = gossip::Topology::kPushPull;
  self.vector_lag = self.behind = 0;
  self.met = true;
  self.heard = a.now().instant;
  gossip::MemberView other;
  other.record.state = gossip::MemberState::kLeft;
  other.rtt = base::micros(1'234);
  a.members_ = {self, other};

  Json members = json(a, "GET", "/v1/members");

  EXPECT_EQ(members[0], (Json{{"name", "A \"quoted\""},
                              {"node_id", a.facts().node_id.hex()},
                              {"address", "127.0.0.1:7700"},
                              {"state", "alive"},
                              {"incarnation", 3},
                              {"rtt_ms", nullptr},
                              {"udp_blocked", false},
                              {"tcp_blocked", false},
                              {"unreachable", false},
                              {"heard", true},
                              {"remembered", false},
                              {"seen_seconds_ago", 0},
                              {"behind", 0},
                              {"topology", "push-pull"},
                              {"vector_lag", 0}}));
  EXPECT_EQ(members[1]["state"], "left");
  EXPECT_EQ(members[1]["rtt_ms"], 1.234);
  EXPECT_EQ(members[1]["vector_lag"], nullptr);
  EXPECT_EQ(members[1]["heard"], false);
  EXPECT_EQ(members[1]["seen_seconds_ago"], nullptr);
  EXPECT_EQ(members[1]["behind"], nullptr);
}

TEST(Members, WhatIsOnlyRememberedHasNoIncarnationAndTopology) {
  FakeHost a("A");
  gossip::MemberView remembered;
  remembered.record.state = gossip::MemberState::kDead;
  a.members_ = {remembered};

  const Json member = json(a, "GET", "/v1/members")[0];

  EXPECT_EQ(member["remembered"], true);
  EXPECT_EQ(member["incarnation"], nullptr);
  EXPECT_EQ(member["topology"], nullptr);
}

TEST(Status, SaysWhyItIsIsolatedAndCountsEachMemberOnce) {
  FakeHost a("A");
  EXPECT_EQ(json(a, "GET", "/v1/status")["isolated"], nullptr);
  gossip::MemberView alive;
  gossip::MemberView unreachable;
  unreachable.unreachable = true;
  gossip::MemberView remembered;
  remembered.record.state = gossip::MemberState::kDead;
  gossip::MemberView dead = remembered;
  dead.record.incarnation = 3;
  gossip::MemberView left = dead;
  left.record.state = gossip::MemberState::kLeft;
  a.members_ = {alive, unreachable, unreachable, remembered, dead, left};
  a.isolated_ = "none of the addresses to join answers: \"x\"";

  Json status = json(a, "GET", "/v1/status");

  EXPECT_EQ(status["isolated"], a.isolated_);
  EXPECT_EQ(status["state"], "ready");
  EXPECT_EQ(status["members"], (Json{{"alive", 1},
                                     {"suspect", 0},
                                     {"dead", 1},
                                     {"left", 1},
                                     {"unreachable", 2},
                                     {"remembered", 1}}));
  EXPECT_EQ(json(a, "GET", "/v1/members")[3]["remembered"], true);
}

TEST(Readiness, MayRequirePeers) {
  FakeHost a("A");
  EXPECT_EQ(a.call("GET", "/readyz?require=peers").status, 200);
  a.without_peers_ = "no other agent was heard yet";

  EXPECT_EQ(a.call("GET", "/readyz").status, 200);
  auto refused = a.call("GET", "/readyz?require=peers");
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find(a.without_peers_), std::string::npos) << refused.body;
  EXPECT_EQ(refusal(a, "GET", "/readyz?require=friends"), "400 invalid");
  a.health_ = Health::kSyncing;
  a.reason_ = "the first exchange runs";
  EXPECT_NE(a.call("GET", "/readyz?require=peers").body.find(a.reason_), std::string::npos);
}

TEST(Mesh, JoinSaysWhetherItWasAnswered) {
  FakeHost a("A");

  EXPECT_EQ(body(a, "POST", "/v1/join", R"({"address":"10.0.0.1:7700"})"),
            R"({"joined":true,"address":"10.0.0.1:7700"})");
  EXPECT_EQ(a.joined_, "10.0.0.1:7700");
  a.join_answer_ = Joined{false, "no_answer", "no answer: is it up?"};
  EXPECT_EQ(
      body(a, "POST", "/v1/join", R"({"address":"h:1"})"),
      R"({"joined":false,"address":"h:1","cause":"no_answer","reason":"no answer: is it up?"})");
  a.join_answer_ = base::invalid("nonsense is no address");
  EXPECT_EQ(refusal(a, "POST", "/v1/join", R"({"address":"nonsense"})"), "400 invalid");
}

TEST(Mesh, JoinWithoutAnAddressIsRefused) {
  FakeHost a("A");

  for (const char* sent : {"", "{}", "[]", R"({"address":1})", R"({"address":""})"}) {
    EXPECT_EQ(refusal(a, "POST", "/v1/join", sent), "400 invalid") << sent;
  }
  EXPECT_EQ(a.joined_, "");
}

TEST(Mesh, LeaveTellsTheMesh) {
  FakeHost a("A");

  EXPECT_EQ(body(a, "POST", "/v1/leave"), R"({"left":true})");

  EXPECT_TRUE(a.left_);
}

TEST(Health, IsGoodWhileTheAgentServes) {
  FakeHost a("A");
  a.health_ = Health::kDegraded;

  EXPECT_EQ(body(a, "GET", "/healthz"), R"({"status":"ok"})");
}

TEST(Health, ReadinessGivesItsReason) {
  FakeHost a("A");
  EXPECT_EQ(body(a, "GET", "/readyz"), R"({"status":"ready"})");

  a.health_ = Health::kSyncing;
  a.reason_ = "the first exchange with a seed runs";
  http::Response response = a.call("GET", "/readyz");

  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(parsed(response)["status"], "syncing");
  EXPECT_EQ(parsed(response)["error"]["message"], a.reason_);
  a.health_ = Health::kDegraded;
  EXPECT_EQ(refusal(a, "GET", "/readyz"), "503 unavailable");
}

TEST(Metrics, ArePlainText) {
  FakeHost a("A");

  http::Response response = a.call("GET", "/metrics");

  EXPECT_EQ(response.body, "hearsay_up 1\n");
  EXPECT_TRUE(response.content_type.starts_with("text/plain; version=0.0.4"));
}

// The routes of docs/api.md, and no others.
TEST(OpenApi, DescribesEveryRouteOfTheRouterAndNoOther) {
  FakeHost a("A");
  std::set<std::string> expected;
  for (const http::Route& route : a.router().routes()) {
    std::string verb(http::verb_name(route.verb));
    std::transform(verb.begin(), verb.end(), verb.begin(), ::tolower);
    std::string path = route.pattern;
    EXPECT_FALSE(route.summary.empty()) << path;
    if (std::size_t tail = path.find("/{path...}"); tail != std::string::npos) {
      path = path.substr(0, tail);
      expected.insert(verb + " " + path + "/{path}");
    }
    expected.insert(verb + " " + path);
  }

  Json openapi = json(a, "GET", "/openapi.json");

  EXPECT_EQ(openapi["openapi"], "3.1.0");
  std::set<std::string> described;
  for (const auto& [path, verbs] : openapi["paths"].items()) {
    for (const auto& [verb, operation] : verbs.items()) {
      described.insert(verb + " " + path);
      const Json& responses = operation["responses"];
      EXPECT_TRUE(responses.contains("200") || responses.contains("101") ||
                  responses.contains("308"))
          << path;
      std::size_t in_path = 0;
      for (const Json& parameter : operation["parameters"]) {
        in_path += resolved(openapi, parameter)["in"] == "path";
      }
      EXPECT_EQ(in_path, static_cast<std::size_t>(std::count(path.begin(), path.end(), '{')));
    }
  }
  EXPECT_EQ(described, expected);
}

// Written by hand: who may call what. A new route needs a line here.
TEST(Scopes, OfEveryRouteAreAsWrittenHere) {
  using http::Scope;
  FakeHost a("A");
  auth::Access access(base::Random::from_number(1));
  http::Router router;
  add_routes(a, router);
  add_nonce_route(
      access, [] { return auth::Time{}; }, router);
  std::map<std::string, Scope> expected = {
      {"GET /v1/status", Scope::kRead},
      {"GET /v1/members", Scope::kRead},
      {"GET /v1/objects", Scope::kRead},
      {"GET /v1/objects/{id}/{path...}", Scope::kRead},
      {"PUT /v1/objects/{id}/{path...}", Scope::kWrite},
      {"PATCH /v1/objects/{id}/{path...}", Scope::kWrite},
      {"DELETE /v1/objects/{id}/{path...}", Scope::kWrite},
      {"GET /v1/conflicts", Scope::kRead},
      {"GET /v1/events", Scope::kRead},
      {"POST /v1/import", Scope::kWrite},
      {"POST /v1/join", Scope::kAdmin},
      {"POST /v1/leave", Scope::kAdmin},
      {"GET /v1/state", Scope::kRead},
      {"POST /v1/state", Scope::kAdmin},
      {"GET /healthz", Scope::kNone},
      {"GET /readyz", Scope::kNone},
      {"GET /metrics", Scope::kRead},
      {"GET /openapi.json", Scope::kRead},
      {"GET /catalog/query", Scope::kRead},
      {"POST /crdt/compact", Scope::kAdmin},
      {"GET /crdt/nonce", Scope::kAnyKey},
      {"POST /crdt/sync", Scope::kWrite},
      {"GET /crdt/object/{object_id}", Scope::kRead},
      {"GET /crdt/metrics", Scope::kRead},
      {"GET /ws", Scope::kWrite},
      {"GET /ws/sync", Scope::kWrite},
      {"POST /sync/device", Scope::kWrite},
      {"GET /", Scope::kNone},
      {"GET /ui/{path...}", Scope::kNone},
      {"GET /crdt/delta", Scope::kRead},
      {"POST /crdt/delta", Scope::kWrite},
      {"POST /crdt/delta/clear", Scope::kWrite},
      {"GET /v1/presence/{topic}", Scope::kRead},
      {"PUT /v1/presence/{topic}/{key}", Scope::kWrite},
      {"DELETE /v1/presence/{topic}/{key}", Scope::kWrite},
  };
  for (const char* type : {"snapshots", "images"}) {
    expected.emplace("POST /" + std::string(type) + "/add/{id}", Scope::kWrite);
    expected.emplace("DELETE /" + std::string(type) + "/remove/{id}", Scope::kWrite);
    expected.emplace("PUT /" + std::string(type) + "/metadata/{id}", Scope::kWrite);
    expected.emplace("PATCH /" + std::string(type) + "/metadata/{id}", Scope::kWrite);
  }
  const std::set<std::string> expected_signed = {
      "POST /crdt/compact", "POST /crdt/sync", "GET /crdt/object/{object_id}", "GET /crdt/metrics"};

  std::map<std::string, Scope> scopes;
  std::set<std::string> signed_routes;
  for (const http::Route& route : router.routes()) {
    const std::string name = std::string(http::verb_name(route.verb)) + " " + route.pattern;
    scopes.emplace(name, route.scope);
    if (route.signed_off_loopback) signed_routes.insert(name);
    EXPECT_EQ(route.key_in_query, route.websocket) << name;
  }

  EXPECT_EQ(scopes, expected);
  EXPECT_EQ(signed_routes, expected_signed);
}

TEST(OpenApi, NamesTheCredentialsOfEveryRoute) {
  FakeHost a("A");

  Json openapi = json(a, "GET", "/openapi.json");

  const Json& schemes = openapi["components"]["securitySchemes"];
  EXPECT_EQ(schemes["key"]["name"], "X-CRDT-API-Key");
  EXPECT_EQ(schemes["bearer"]["scheme"], "bearer");
  EXPECT_EQ(openapi["paths"]["/healthz"]["get"]["security"], Json::array());
  EXPECT_EQ(openapi["paths"]["/v1/join"]["post"]["x-scope"], "admin");
  EXPECT_EQ(openapi["paths"]["/crdt/compact"]["post"]["x-signed-off-loopback"], true);
  for (const auto& [path, verbs] : openapi["paths"].items()) {
    for (const auto& [verb, operation] : verbs.items()) {
      for (const Json& choice : operation["security"]) {
        for (const auto& [name, scopes] : choice.items()) {
          EXPECT_TRUE(schemes.contains(name)) << path << " " << name;
        }
      }
    }
  }
}

TEST(OpenApi, TheRoutesAreThoseOfTheContract) {
  FakeHost a("A");
  std::set<std::string> expected = {"GET /v1/status",
                                    "GET /v1/members",
                                    "GET /v1/objects",
                                    "GET /v1/objects/{id}/{path...}",
                                    "GET /v1/conflicts",
                                    "PUT /v1/objects/{id}/{path...}",
                                    "GET /v1/events",
                                    "PATCH /v1/objects/{id}/{path...}",
                                    "POST /v1/import",
                                    "DELETE /v1/objects/{id}/{path...}",
                                    "POST /v1/join",
                                    "POST /v1/leave",
                                    "GET /healthz",
                                    "GET /readyz",
                                    "GET /metrics",
                                    "GET /openapi.json",
                                    "GET /catalog/query",
                                    "POST /crdt/compact",
                                    "GET /v1/state",
                                    "POST /v1/state",
                                    "GET /v1/presence/{topic}",
                                    "PUT /v1/presence/{topic}/{key}",
                                    "DELETE /v1/presence/{topic}/{key}",
                                    "POST /crdt/sync",
                                    "GET /crdt/object/{object_id}",
                                    "GET /crdt/metrics",
                                    "GET /ws",
                                    "GET /ws/sync",
                                    "POST /sync/device",
                                    "GET /",
                                    "GET /ui/{path...}",
                                    "GET /crdt/delta",
                                    "POST /crdt/delta",
                                    "POST /crdt/delta/clear"};
  for (const char* type : {"snapshots", "images"}) {
    expected.insert("POST /" + std::string(type) + "/add/{id}");
    expected.insert("DELETE /" + std::string(type) + "/remove/{id}");
    expected.insert("PUT /" + std::string(type) + "/metadata/{id}");
    expected.insert("PATCH /" + std::string(type) + "/metadata/{id}");
  }

  std::set<std::string> routes;
  for (const http::Route& route : a.router().routes()) {
    routes.insert(std::string(http::verb_name(route.verb)) + " " + route.pattern);
  }

  EXPECT_EQ(routes, expected);
}

TEST(Reads, AreRefusedWhenTheReadersAreBusy) {
  FakeHost a("A");

  for (const char* target : {"/v1/status", "/v1/objects", "/v1/objects/snapshots/s",
                             "/v1/conflicts", "/catalog/query?type=images"}) {
    a.refuse_reads_ = 1;
    EXPECT_EQ(refusal(a, "GET", target), "503 busy") << target;
  }
}

}  // namespace
}  // namespace agent
