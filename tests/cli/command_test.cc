// Exit codes, the two output channels, and the commands about agent, mesh and objects.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/cli/fake_agent.h"
#include "tests/cli/program.h"

namespace cli {
namespace {

using Words = Program::Words;

FakeAgent::Handler always(std::string response) {
  return [response](const Seen&) { return response; };
}

Ended ask(const FakeAgent& agent, Words arguments) {
  arguments.insert(arguments.end(), {"--http", agent.address()});
  return run_program(arguments);
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The shortest list of members that an agent may give: itself.
constexpr char kAlone[] =
    R"([{"name":"n1","node_id":"00","address":"127.0.0.1:7700","state":"alive"}])";

constexpr char kStatus[] =
    R"({"name":"n1","node_id":"00ff","actor_id":null,"version":"0.1.0","state":"STATE",)"
    R"("bind":"0.0.0.0:7700","http":"127.0.0.1:7780","topology":"direct","profile":"lan",)"
    R"("members":{"alive":3,"suspect":1,"dead":0},"vector":{"a1":5,"b2":18446744073709551000},)"
    R"("digest":"d1","objects":2,"cells":40,"log":{"changes":9,"bytes":2097152},)"
    R"("clock":{"trusted":true,"offset_ms":-3},"uptime_seconds":93784})";

std::string status_body(const std::string& state) {
  std::string body = kStatus;
  return body.replace(body.find("STATE"), 5, state);
}

TEST(Command, UsageErrorsAreTwoAndSpeakOnStderr) {
  const std::vector<Words> wrong{{},
                                 {"bogus"},
                                 {"snapshots"},
                                 {"snapshots", "bogus"},
                                 {"snapshots", "add"},
                                 {"snapshots", "add", ""},
                                 {"snapshots", "add", "a", "b"},
                                 {"snapshots", "add", "a", "--meta", "novalue"},
                                 {"snapshots", "add", "a", "--file", "x"},
                                 {"snapshots", "set", "a"},
                                 {"snapshots", "set", "a", "=1"},
                                 {"status", "-o", "xml"},
                                 {"status", "--timeout", "0"},
                                 {"status", "--timeout", "soon"},
                                 {"status", "--http", "nowhere"},
                                 {"status", "--config", "/nonexistent/x.toml"},
                                 {"join", "host"},
                                 {"join", "0.0.0.0:7700"},
                                 {"objects", "get"},
                                 {"objects", "get", "a", ""},
                                 {"agent", "--topology", "tree"},
                                 {"agent", "--profile", "moon"},
                                 {"agent", "--http", "0.0.0.0:7780"},
                                 {"agent", "--bogus"}};
  for (const auto& arguments : wrong) {
    auto ended = run_program(arguments);

    EXPECT_EQ(ended.exit, 2) << testing::PrintToString(arguments);
    EXPECT_EQ(ended.out, "") << testing::PrintToString(arguments);
    EXPECT_NE(ended.err, "") << testing::PrintToString(arguments);
  }
}

TEST(Command, AWordThatIsNoCommandIsNamed) {
  EXPECT_NE(run_program({"bogus"}).err.find("'bogus'"), std::string::npos);
  EXPECT_NE(run_program({"snapshots", "frob"}).err.find("'frob'"), std::string::npos);
}

TEST(Command, HelpAndVersionAreData) {
  auto help = run_program({"--help"});
  auto version = run_program({"version"});
  auto json = run_program({"version", "-o", "json"});

  EXPECT_EQ(help.exit, 0);
  EXPECT_TRUE(holds(help.out, "snapshots"));
  EXPECT_EQ(version.out, "hearsay 0.1.0\n");
  EXPECT_EQ(json.out, "{\"version\":\"0.1.0\"}\n");
  EXPECT_EQ(version.err + json.err + help.err, "");
}

TEST(Command, TheAgentGetsItsConfiguration) {
  auto ended = run_program({"agent", "--name", "n9", "--bind", "127.0.0.1:0", "--join", "a:1"}, "",
                           {"HEARSAY_HTTP=[::1]:0", "HEARSAY_DATA_DIR=/d", "HEARSAY_NAME=no"});

  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_EQ(ended.out, "n9 127.0.0.1:0 [::1]:0 1\n");
}

TEST(Command, WhereTheAgentIsComesFromFlagThenEnvironmentThenFile) {
  FakeAgent right(always(FakeAgent::ok(kAlone)));
  Folder folder;
  auto nowhere = "127.0.0.1:" + std::to_string(closed_port());
  auto file = folder.write("h.toml", "http = 'http://" + right.address() + "/'\n");

  auto by_flag =
      run_program({"members", "--http", right.address()}, "", {"HEARSAY_HTTP=" + nowhere});
  auto by_variable = run_program({"--config", file, "members"}, "", {"HEARSAY_HTTP=" + nowhere});
  auto by_file = run_program({"members", "--config", file});
  auto by_named_file = run_program({"members"}, "", {"HEARSAY_CONFIG=" + file});
  folder.write("broken.toml", "colour = 1\n");
  auto broken = run_program({"members", "--config", folder.path("broken.toml")});

  EXPECT_EQ(by_flag.exit, 0) << by_flag.err;
  EXPECT_EQ(by_variable.exit, 3);
  EXPECT_EQ(by_file.exit, 0) << by_file.err;
  EXPECT_EQ(by_named_file.exit, 0) << by_named_file.err;
  EXPECT_EQ(broken.exit, 2);
  EXPECT_TRUE(holds(broken.err, "broken.toml:1: unknown key colour")) << broken.err;
}

TEST(Command, CommonFlagsAreVariablesToo) {
  FakeAgent agent(always(FakeAgent::ok(kAlone)));
  FakeAgent silent(always(""));

  auto json =
      run_program({"members"}, "", {"HEARSAY_HTTP=" + agent.address(), "HEARSAY_OUTPUT=jsonl"});
  auto late =
      run_program({"members"}, "", {"HEARSAY_HTTP=" + silent.address(), "HEARSAY_TIMEOUT=0.2"});
  auto wrong = run_program({"version"}, "", {"HEARSAY_OUTPUT=xml"});

  std::string all = kAlone;
  EXPECT_EQ(json.out, all.substr(1, all.size() - 2) + "\n");
  EXPECT_EQ(late.exit, 7);
  EXPECT_EQ(wrong.exit, 2);
}

TEST(Command, AnyAddressMeansLoopbackAndAProxyIsNotAsked) {
  FakeAgent agent(always(FakeAgent::ok(kAlone)));
  auto port = agent.address().substr(agent.address().find(':'));

  auto ended = run_program({"members", "--http", "0.0.0.0" + port}, "",
                           {"http_proxy=http://127.0.0.1:1", "ALL_PROXY=http://127.0.0.1:1"});

  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_EQ(agent.seen().at(0).headers.at("host"), agent.address());
}

TEST(Command, ErrorsOfTheAgentBecomeExitCodes) {
  struct Case {
    int status;
    std::string code;
    int exit;
  };
  const std::vector<Case> cases{{400, "invalid", 1},
                                {401, "unauthorized", 6},
                                {403, "forbidden", 6},
                                {404, "not_found", 4},
                                {405, "x", 1},
                                {409, "conflict", 1},
                                {413, "too_large", 1},
                                {421, "misdirected", 6},
                                {422, "unprocessable", 1},
                                {500, "indeterminate", 1},
                                {500, "internal", 1},
                                {503, "read_only", 5},
                                {504, "timeout", 7},
                                {507, "disk_full", 1},
                                {404, "new_code", 4},
                                {302, "x", 1}};
  for (const auto& test : cases) {
    FakeAgent agent(always(FakeAgent::error(test.status, test.code, "why \\u001b[2J not")));

    auto ended = ask(agent, {"members"});

    EXPECT_EQ(ended.exit, test.exit) << test.status;
    EXPECT_EQ(ended.out, "");
    EXPECT_EQ(ended.err, "hearsay: why \\u001b[2J not\n");
  }
}

// Anything may listen at the port. Whatever it says, no command takes it for a success.
TEST(Command, WhatIsNoHearsayAgentIsAnErrorOfEveryCommand) {
  Folder folder;
  auto lines = folder.write("e.jsonl", "{\"id\":\"x\"}\n");
  const std::vector<Words> commands{{"status"},
                                    {"members"},
                                    {"join", "a:1"},
                                    {"leave"},
                                    {"conflicts"},
                                    {"watch"},
                                    {"snapshots", "ls"},
                                    {"snapshots", "get", "x"},
                                    {"images", "rm", "x"},
                                    {"snapshots", "add", "x"},
                                    {"objects", "ls"},
                                    {"snapshots", "set", "x", "a=1"},
                                    {"objects", "get", "x"},
                                    {"snapshots", "unset", "x", "a"},
                                    {"objects", "inspect", "x"},
                                    {"snapshots", "import", lines},
                                    {"objects", "set", "x", "1"},
                                    {"objects", "unset", "x"},
                                    {"snapshots", "set", "x", "a=1", "--must-exist"}};
  for (const std::string& body :
       {std::string("<html>sign in</html>"), std::string(), std::string("null"), std::string("{}"),
        std::string(R"([{"id":7}])"), std::string(R"({"status":"ok"})"),
        std::string(R"({"id":"y","status":"added","state":"up","error":null})")}) {
    FakeAgent page(always(FakeAgent::ok(body)));
    for (const auto& command : commands) {
      for (const char* format : {"table", "json"}) {
        auto words = command;
        words.insert(words.end(), {"-o", format});
        auto ended = ask(page, words);

        EXPECT_EQ(ended.exit, 1) << testing::PrintToString(words) << body << ended.err;
        EXPECT_EQ(ended.out, "") << testing::PrintToString(words) << body;
        EXPECT_TRUE(holds(ended.err, "no Hearsay agent")) << ended.err;
        EXPECT_TRUE(holds(ended.err, page.address())) << ended.err;
      }
    }
  }
}

TEST(Command, AForeignErrorIsOneWhateverItsStatus) {
  for (int status : {401, 403, 404, 502, 503, 504}) {
    for (const char* body :
         {"", "not here", R"({"error":"Not Found"})", R"({"error":{"code":5}})"}) {
      FakeAgent other(always(FakeAgent::status(status, body)));

      auto ended = ask(other, {"snapshots", "get", "x"});

      EXPECT_EQ(ended.exit, 1) << status << body;
      EXPECT_TRUE(holds(ended.err, "no Hearsay agent")) << ended.err;
    }
  }
  FakeAgent teapot(always(FakeAgent::status(418, "short and stout")));
  FakeAgent silent(always("garbage\r\n\r\n"));
  EXPECT_TRUE(holds(ask(teapot, {"members"}).err, "418: short and stout"));
  EXPECT_EQ(ask(silent, {"members"}).exit, 1);
}

TEST(Command, NobodyThereIsThreeAndNoAnswerIsSeven) {
  FakeAgent silent(always(""));
  auto nowhere = "127.0.0.1:" + std::to_string(closed_port());

  auto refused = run_program({"status", "--http", nowhere});
  auto unknown = run_program({"status", "--http", "no-such-host.invalid:1"});
  auto late = ask(silent, {"status", "--timeout", "0.3"});

  EXPECT_EQ(refused.exit, 3);
  EXPECT_TRUE(holds(refused.err, "cannot connect to http://" + nowhere)) << refused.err;
  EXPECT_EQ(unknown.exit, 3);
  EXPECT_EQ(late.exit, 7);
  EXPECT_TRUE(holds(late.err, "no answer within 300 ms")) << late.err;
}

TEST(Command, InterruptionIs130) {
  FakeAgent silent(always(""));
  Program program({"status", "--http", silent.address()});
  while (silent.seen().empty()) usleep(10'000);

  program.signal(SIGINT);

  EXPECT_EQ(program.wait().exit, 130);
}

TEST(Command, StatusSaysWhyAnAgentIsNotReady) {
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

TEST(Command, StatusFitsOneScreenAndSpeaksOfDegradation) {
  FakeAgent ready(always(FakeAgent::ok(status_body("ready"))));
  FakeAgent degraded(always(FakeAgent::ok(status_body("degraded"))));

  auto table = ask(ready, {"status"});
  auto json = ask(ready, {"status", "-o", "json"});
  auto sick = ask(degraded, {"status"});
  auto sick_json = ask(degraded, {"-o", "json", "status"});

  EXPECT_EQ(table.exit, 0);
  EXPECT_TRUE(table.out.starts_with("n1       ready\n")) << table.out;
  for (const char* part :
       {"3 alive, 1 suspect, 0 dead", "2 objects, 40 cells", "9 changes, 2.0 MiB", "by 2 actors",
        "trusted, offset -3 ms", "1 d 2 h", "none before the first write", "direct, profile lan"}) {
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

constexpr char kMembers[] =
    R"([{"name":"n1","node_id":"00112233445566778899aabbccddeeff","address":"127.0.0.1:7700",)"
    R"("state":"alive","incarnation":1,"rtt_ms":null,"topology":"direct","vector_lag":null}, )"
    R"({"name":"caf\u00e9\u001b","node_id":"ff","address":"[::1]:1","state":"dead",)"
    R"("incarnation":12.0,"rtt_ms":1.50,"topology":"tree","vector_lag":18446744073709551615}])";

TEST(Command, TablesAreAlignedByCharactersAndCannotMoveTheTerminal) {
  FakeAgent agent(always(FakeAgent::ok(kMembers)));

  auto table = ask(agent, {"members"});

  EXPECT_EQ(table.out,
            "NAME        STATE  ADDRESS         RTT      LAG                   TOPOLOGY  "
            "INCARNATION  NODE\n"
            "n1          alive  127.0.0.1:7700  -        -                     direct    "
            "1            00112233\n"
            "caf\xC3\xA9\\u001b  dead   [::1]:1         1.50 ms  18446744073709551615  tree      "
            "12.0         ff\n");
}

TEST(Command, MembersSayWhatDoesNotGetThrough) {
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

TEST(Command, MembersThatWereNotHeardAreSaidToBeSo) {
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

TEST(Command, StatusOfAnIsolatedAgentSaysWhyAndIsUnhealthy) {
  FakeAgent agent(always(FakeAgent::ok(
      R"({"name":"n1","node_id":"1","version":"1","digest":"0","vector":{},"state":"ready",)"
      R"("reason":"","isolated":"none of the addresses to join answers",)"
      R"("members":{"alive":1,"suspect":0,"dead":0,"left":0,"unreachable":2,"remembered":3}})")));
  FakeAgent well(always(FakeAgent::ok(
      R"({"name":"n1","node_id":"1","version":"1","digest":"0","vector":{},"members":{},)"
      R"("state":"ready","isolated":null})")));

  auto ended = ask(agent, {"status"});

  EXPECT_EQ(ended.exit, 5);
  EXPECT_TRUE(holds(ended.out, "ready, isolated: none of the addresses to join answers"))
      << ended.out;
  EXPECT_TRUE(holds(ended.out, "1 alive, 0 suspect, 0 dead, 2 unreachable, 3 remembered"));
  EXPECT_TRUE(holds(ended.err, "the agent is isolated: none of the addresses to join answers"))
      << ended.err;
  EXPECT_EQ(ask(well, {"status"}).exit, 0);
}

TEST(Command, JoinSaysWhyItWasNotAnswered) {
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

// A terminal of the test's own; the program writes to it, we read what arrived.
std::string on_terminal(const FakeAgent& agent, const Words& environment) {
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  EXPECT_GE(master, 0);
  EXPECT_EQ(grantpt(master) | unlockpt(master), 0);
  std::string name = ptsname(master);
  int held = open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);  // keeps what was written
  winsize size{24, 40, 0, 0};
  ioctl(master, TIOCSWINSZ, &size);
  auto ended = run_program({"members", "--http", agent.address()}, "", environment, name);
  EXPECT_EQ(ended.exit, 0) << ended.err;
  std::string out(16 * 1024, '\0');
  out.resize(static_cast<std::size_t>(std::max<ssize_t>(read(master, out.data(), out.size()), 0)));
  close(held);
  close(master);
  return out;
}

TEST(Command, ColourIsForTerminalsThatWantIt) {
  FakeAgent agent(always(FakeAgent::ok(kMembers)));

  auto colour = on_terminal(agent, {"TERM=xterm"});
  auto refused = on_terminal(agent, {"TERM=xterm", "NO_COLOR=1"});
  auto dumb = on_terminal(agent, {"TERM=dumb"});

  EXPECT_TRUE(holds(colour, "\x1B[32malive\x1B[0m")) << colour;
  EXPECT_TRUE(holds(colour, "\x1B[31mdead\x1B[0m")) << colour;
  EXPECT_TRUE(holds(refused, "alive"));
  EXPECT_FALSE(holds(refused, "\x1B"));
  EXPECT_FALSE(holds(dumb, "\x1B"));
}

TEST(Command, JsonIsTheAnswerUnchangedAndJsonLinesItsElements) {
  FakeAgent agent(always(FakeAgent::ok(kMembers)));

  auto json = ask(agent, {"members", "-o", "json"});
  auto lines = ask(agent, {"members", "-o", "jsonl"});

  EXPECT_EQ(json.out, kMembers);
  std::string all = kMembers;
  auto cut = all.find(", {");
  EXPECT_EQ(lines.out,
            all.substr(1, cut - 1) + "\n" + all.substr(cut + 2, all.size() - cut - 3) + "\n");
}

TEST(Command, JoinAndLeaveSayWhatHappened) {
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

// Answers GET /v1/members with two hosts, everything else with `body`.
FakeAgent::Handler with_hosts(const std::string& body) {
  return [body](const Seen& request) {
    if (request.target != "/v1/members") return FakeAgent::ok(body);
    return FakeAgent::ok(R"([{"name":"attic","node_id":"00112233445566778899aabbccddeeff",)"
                         R"("address":"a:1","state":"alive"},{"name":"cellar",)"
                         R"("node_id":"ffeeddccbbaa99887766554433221100","address":"b:1",)"
                         R"("state":"alive"}])");
  };
}

TEST(Command, ConflictsNameHostsAndTimes) {
  FakeAgent some(with_hosts(
      R"([{"object":"snapshots","path":["a/b","size"],"winner":{"value":"x",)"
      R"("stamp":"1769860800123000000.4","writer":"00112233445566778899aabbccddeeff"},"losers":)"
      R"([{"value":1.0,"stamp":"0.0","writer":"ffeeddccbbaa99887766554433221100"},)"
      R"({"value":null,"stamp":"soon","writer":"phone"}],"rule":"stamp"}])"));
  FakeAgent none(always(FakeAgent::ok("[]")));

  auto table = ask(some, {"conflicts"});
  auto empty = ask(none, {"conflicts"});

  EXPECT_TRUE(holds(table.out,
                    "snapshots/a/b/size  \"x\"    attic 00112233  "
                    "2026-01-31T12:00:00.123Z  stamp  1.0 by cellar ffeeddcc at "
                    "1970-01-01T00:00:00.000Z, null by phone at soon\n"))
      << table.out;
  EXPECT_EQ(empty.exit, 0);
  EXPECT_EQ(empty.out, "");
  EXPECT_EQ(ask(none, {"conflicts", "-o", "json"}).out, "[]");
}

TEST(Command, PathsOfObjectsAreEncodedStepByStep) {
  FakeAgent agent(always(FakeAgent::ok(
      R"({"id":"o","path":["a"],"type":"crdt_map","value":{"k":1.0,"l":"t x"},"vector":{}})")));

  auto table = ask(agent, {"objects", "get", "tab/le", "..", "a%2F", "\xC3\xA9:", "[x,y]"});
  auto braces = ask(agent, {"objects", "get", "{}", "{}", "-o", "jsonl"});
  auto commands = ask(agent, {"objects", "get", "ls", "status", "get"});
  auto dashed = run_program(
      {"--http", agent.address(), "objects", "get", "o", "--", "--timeout", "-o", "--", "[a,b]"});

  EXPECT_EQ(table.out, "k  1.0\nl  t x\n");
  EXPECT_EQ(agent.seen().at(0).target, "/v1/objects/tab%2Fle/../a%252F/%C3%A9%3A/%5Bx%2Cy%5D");
  EXPECT_EQ(agent.seen().at(1).target, "/v1/objects/%7B%7D/%7B%7D");
  EXPECT_EQ(std::count(braces.out.begin(), braces.out.end(), '\n'), 1);
  EXPECT_EQ(agent.seen().at(2).target, "/v1/objects/ls/status/get");
  EXPECT_EQ(commands.exit, 0) << commands.err;
  EXPECT_EQ(dashed.exit, 0) << dashed.err;
  EXPECT_EQ(agent.seen().at(3).target, "/v1/objects/o/--timeout/-o/--/%5Ba%2Cb%5D");
}

TEST(Command, InspectShowsPathsTypesHostsAndTimes) {
  FakeAgent agent(with_hosts(
      R"({"id":"o","path":[],"type":"crdt_map","value":2,"vector":{},"dots":[)"
      R"({"dot":"ffeeddccbbaa99887766554433221100:1:0","stamp":"1769860800123000000.0",)"
      R"("writer":"00112233445566778899aabbccddeeff","value":1.0,"live":true,"shown":false,)"
      R"("rule":"stamp","path":["e/1","size"],"type":"lww_register"},)"
      R"({"dot":"z:1:0","stamp":"9","writer":"w","value":2,"live":true,"shown":true,"rule":"",)"
      R"("path":["e"],"type":"crdt_map"}]})"));

  auto ended = ask(agent, {"objects", "inspect", "o", "p"});

  EXPECT_EQ(agent.seen().at(0).target, "/v1/objects/o/p?inspect=1");
  EXPECT_EQ(ended.out,
            "PATH      TYPE          STATE   TIME                      WRITER          RULE   "
            "DOT           VALUE\n"
            "e/1/size  lww_register  beaten  2026-01-31T12:00:00.123Z  attic 00112233  stamp  "
            "ffeeddcc:1:0  1.0\n"
            "e         crdt_map      shown   9                         w                      "
            "z:1:0         2\n");
}

TEST(Command, ObjectsArePagedByTheirNext) {
  FakeAgent agent([](const Seen& request) {
    if (request.target == "/v1/objects?limit=1000") {
      return FakeAgent::ok(R"({"objects":[{"id":"a","type":"orset","cells":1.0},)"
                           R"({"id":"b/","type":"seq","cells":2}],"next":"b/"})");
    }
    return FakeAgent::ok(R"({"objects":[{"id":"c","type":"seq","cells":3}],"next":null})");
  });

  auto table = ask(agent, {"objects", "ls"});
  auto json = ask(agent, {"objects", "ls", "-o", "json"});
  auto lines = ask(agent, {"objects", "ls", "-o", "jsonl"});

  EXPECT_EQ(agent.seen().at(1).target, "/v1/objects?limit=1000&after=b%2F");
  EXPECT_EQ(table.out, "ID  TYPE   CELLS\na   orset  1.0\nb/  seq    2\nc   seq    3\n");
  EXPECT_EQ(
      json.out,
      R"({"objects":[{"id":"a","type":"orset","cells":1.0},{"id":"b/","type":"seq","cells":2},)"
      R"({"id":"c","type":"seq","cells":3}],"next":null})"
      "\n");
  EXPECT_EQ(std::count(lines.out.begin(), lines.out.end(), '\n'), 3);
}

TEST(Command, AKeyIsWrittenOnceForItsOwnerOnly) {
  Folder folder;
  auto path = folder.path("key");

  auto printed = run_program({"keygen"});
  auto written = run_program({"keygen", "--out", path});
  std::stringstream first;
  first << std::ifstream(path).rdbuf();
  auto again = run_program({"keygen", "--out", path});
  auto nowhere = run_program({"keygen", "--out", folder.path("missing/key")});
  std::stringstream second;
  second << std::ifstream(path).rdbuf();

  EXPECT_EQ(printed.out.size(), 65u);
  EXPECT_EQ(printed.out.find_first_not_of("0123456789abcdef\n"), std::string::npos);
  EXPECT_NE(run_program({"keygen"}).out, printed.out);
  EXPECT_EQ(written.exit, 0);
  EXPECT_EQ(written.out, "");
  EXPECT_EQ(first.str().size(), 65u);
  EXPECT_FALSE(holds(written.err, first.str().substr(0, 64)));
  EXPECT_EQ(again.exit, 1);
  EXPECT_TRUE(holds(again.err, "File exists")) << again.err;
  EXPECT_EQ(first.str(), second.str());
  EXPECT_EQ(nowhere.exit, 1);
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

}  // namespace
}  // namespace cli
