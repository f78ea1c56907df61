// What status, members, join and leave print, and how they end.

#include <gtest/gtest.h>

#include "tests/cli/answers.h"

namespace cli {
namespace {

TEST(MeshCommand, StatusSaysWhyAnAgentIsNotReady) {
  for (std::string state : {"syncing", "degraded"}) {
    std::string body = status_body(state);
    std::string with = "\"" + state + "\"";
    body.replace(body.find(with), with.size(), with + R"(,"reason":"no space\u001b left")");
    FakeAgent agent(always(FakeAgent::ok(body)));

    auto asked = ask(agent, {"status"});

    EXPECT_EQ(asked.exit, state == "degraded" ? 5 : 0);
    EXPECT_TRUE(holds(asked.out, state + ": no space")) << asked.out;
    EXPECT_EQ(holds(asked.err, "degraded: no space"), state == "degraded") << asked.err;
    EXPECT_EQ((asked.out + asked.err).find('\x1B'), std::string::npos);
  }
}

TEST(MeshCommand, StatusFitsOneScreenAndSpeaksOfDegradation) {
  FakeAgent ready(always(FakeAgent::ok(status_body("ready"))));
  FakeAgent degraded(always(FakeAgent::ok(status_body("degraded"))));

  auto table = ask(ready, {"status"});
  auto json = ask(ready, {"status", "-o", "json"});
  auto sick = ask(degraded, {"status"});
  auto sick_json = ask(degraded, {"-o", "json", "status"});

  EXPECT_EQ(table.exit, 0);
  EXPECT_TRUE(table.out.starts_with("n1       ready\n")) << table.out;
  for (const char* part :
       {"3 alive, 1 suspect, 0 dead", "2 objects, 40 cells", "9 changes, 2.0 MiB",
        "by 2 open actors, and those of 0 closed actors", "trusted, offset -3 ms", "1 d 2 h",
        "none before the first write", "direct, profile lan",
        "merged 12 s ago, from 00112233, after 1 d 1 h away: 4 cells added, 5 removed; 1 object "
        "new, "
        "2 changed, 3 removed; 6 texts changed; 7 own changes kept that the other side did not "
        "have; "
        "2.0 KiB in 1.250 s"}) {
    EXPECT_TRUE(holds(table.out, part)) << part << "\n" << table.out;
  }
  EXPECT_LT(std::count(table.out.begin(), table.out.end(), '\n'), 24);
  EXPECT_EQ(table.out.find('\x1B'), std::string::npos);
  EXPECT_EQ(json.out, status_body("ready"));
  EXPECT_EQ(sick.exit, 5);
  EXPECT_TRUE(holds(sick.out, "degraded"));
  EXPECT_TRUE(holds(sick.err, "degraded"));
  EXPECT_EQ(sick_json.exit, 5);
  EXPECT_EQ(sick_json.out, status_body("degraded"));
}

TEST(MeshCommand, MembersSayWhatDoesNotGetThrough) {
  FakeAgent agent(always(FakeAgent::ok(
      R"([{"name":"n1","node_id":"1","address":"a","state":"alive","tcp_blocked":true,)"
      R"("unreachable":false},{"name":"n2","node_id":"2","address":"a",)"
      R"("state":"alive","udp_blocked":true,"tcp_blocked":false},)"
      R"({"name":"n3","node_id":"3","address":"a","state":"suspect",)"
      R"("unreachable":true}])")));

  auto table = ask(agent, {"members"});

  EXPECT_TRUE(holds(table.out, "n1    alive, no TCP")) << table.out;
  EXPECT_TRUE(holds(table.out, "n2    alive, no UDP")) << table.out;
  EXPECT_TRUE(holds(table.out, "n3    suspect, unreachable")) << table.out;
}

TEST(MeshCommand, MembersThatWereNotHeardAreSaidToBeSo) {
  FakeAgent agent(always(FakeAgent::ok(R"([{"name":"n1","node_id":"1","address":"a",)"
                                       R"("state":"dead","remembered":true,"heard":false},)"
                                       R"({"name":"n2","node_id":"2","address":"a",)"
                                       R"("state":"alive","remembered":false,"heard":false},)"
                                       R"({"name":"n3","node_id":"3","address":"a",)"
                                       R"("state":"dead","remembered":false,"heard":false}])")));

  auto table = ask(agent, {"members"});

  EXPECT_TRUE(holds(table.out, "n1    remembered ")) << table.out;
  EXPECT_TRUE(holds(table.out, "n2    alive, not heard")) << table.out;
  EXPECT_TRUE(holds(table.out, "n3    dead ")) << table.out;
}

TEST(MeshCommand, StatusOfAnIsolatedAgentSaysWhyAndIsUnhealthy) {
  FakeAgent agent(always(FakeAgent::ok(
      R"({"name":"n1","node_id":"1","version":"1","digest":"0","vector":{},"state":"ready",)"
      R"("reason":"","isolated":"none of the addresses to join answers",)"
      R"("members":{"alive":1,"suspect":0,"dead":0,"left":4,"unreachable":2,"remembered":3}})")));
  FakeAgent well(always(FakeAgent::ok(
      R"({"name":"n1","node_id":"1","version":"1","digest":"0","vector":{},"members":{},)"
      R"("state":"ready","isolated":null})")));

  auto ended = ask(agent, {"status"});

  EXPECT_EQ(ended.exit, 5);
  EXPECT_TRUE(holds(ended.out, "ready, isolated: none of the addresses to join answers"))
      << ended.out;
  EXPECT_TRUE(holds(ended.out, "1 alive, 0 suspect, 0 dead, 4 left, 2 unreachable, 3 remembered"));
  EXPECT_TRUE(holds(ended.err, "the agent is isolated: none of the addresses to join answers"))
      << ended.err;
  EXPECT_EQ(ask(well, {"status"}).exit, 0);
}

TEST(MeshCommand, JoinSaysWhyItWasNotAnswered) {
  FakeAgent silent(always(FakeAgent::ok(
      R"({"joined":false,"address":"a:1","cause":"no_answer","reason":"no answer: up?"})")));
  FakeAgent refusing(always(FakeAgent::ok(
      R"({"joined":false,"address":"a:1","cause":"key_refused","reason":"key refused: x"})")));

  auto timed_out = ask(silent, {"join", "a:1"});
  auto refused = ask(refusing, {"join", "[fe80::1%eth0]:7700"});

  EXPECT_EQ(timed_out.exit, 7);
  EXPECT_TRUE(holds(timed_out.err, "a:1: no answer: up?")) << timed_out.err;
  EXPECT_EQ(refused.exit, 1);
  EXPECT_TRUE(holds(refused.err, "key refused: x")) << refused.err;
}

TEST(MeshCommand, JoinAndLeaveSayWhatHappened) {
  FakeAgent joined(always(FakeAgent::ok(R"({"joined":true,"address":"a:1"})")));
  FakeAgent alone(always(FakeAgent::ok(R"({"joined":false,"address":"a:1"})")));
  FakeAgent leaving(always(FakeAgent::ok(R"({"left":true})")));

  auto good = ask(joined, {"join", "a:1"});
  auto bad = ask(alone, {"join", "[::1]:7700", "-o", "json"});
  auto left = ask(leaving, {"leave"});

  EXPECT_EQ(good.exit, 0);
  EXPECT_EQ(good.out, "joined a:1\n");
  EXPECT_EQ(joined.seen().at(0).target, "/v1/join");
  EXPECT_EQ(joined.seen().at(0).body, R"({"address":"a:1"})");
  EXPECT_EQ(joined.seen().at(0).headers.at("content-type"), "application/json");
  EXPECT_EQ(bad.exit, 1);
  EXPECT_EQ(bad.out, R"({"joined":false,"address":"a:1"})");
  EXPECT_EQ(left.exit, 0);
  EXPECT_EQ(leaving.seen().at(0).method + leaving.seen().at(0).target, "POST/v1/leave");
}

}  // namespace
}  // namespace cli
