// What objects and conflicts print: paths, types, hosts and times.

#include <gtest/gtest.h>

#include "tests/cli/answers.h"

namespace cli {
namespace {

// Answers GET /v1/members with two hosts, and every other request with `body`.
FakeAgent::Handler with_hosts(const std::string& body) {
  return [body](const Seen& request) {
    if (request.target != "/v1/members") return FakeAgent::ok(body);
    return FakeAgent::ok(R"([{"name":"attic","node_id":"00112233445566778899aabbccddeeff",)"
                         R"("address":"a:1","state":"alive"},{"name":"cellar",)"
                         R"("node_id":"ffeeddccbbaa99887766554433221100","address":"b:1",)"
                         R"("state":"alive"}])");
  };
}

TEST(ObjectCommand, ConflictsNameHostsAndTimes) {
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

TEST(ObjectCommand, ConflictsOfTypesNameTheTypes) {
  FakeAgent agent(with_hosts(
      R"([{"object":"doc","path":["k"],"type":"orset","winner":{"type":"orset","value":null,)"
      R"("stamp":"1769860800123000000.4","writer":"00112233445566778899aabbccddeeff"},"losers":)"
      R"([{"type":"gcounter","value":7,"stamp":"0.0",)"
      R"("writer":"ffeeddccbbaa99887766554433221100"}],"rule":"type"}])"));

  auto table = ask(agent, {"conflicts"});

  EXPECT_TRUE(holds(table.out,
                    "doc/k  orset  attic 00112233  2026-01-31T12:00:00.123Z  type  "
                    "gcounter 7 by cellar ffeeddcc at 1970-01-01T00:00:00.000Z\n"))
      << table.out;
}

TEST(ObjectCommand, PathsOfObjectsAreEncodedStepByStep) {
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

TEST(ObjectCommand, InspectShowsPathsTypesHostsAndTimes) {
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
            "e/1/size  lww_register  hidden  2026-01-31T12:00:00.123Z  attic 00112233  stamp  "
            "ffeeddcc:1:0  1.0\n"
            "e         crdt_map      shown   9                         w                      "
            "z:1:0         2\n");
}

TEST(ObjectCommand, EveryOperationIsOneRequest) {
  FakeAgent agent([](const Seen&) {
    return FakeAgent::ok(R"({"id":"o","path":[],"type":"seq","dot":"a:1:0"})");
  });
  struct Call {
    std::vector<std::string> words;
    std::string request;
  };
  const std::vector<Call> calls = {
      {{"set", "o", "k", "1"}, R"(PATCH /v1/objects/o/k {"ops":[{"op":"set","value":1}]})"},
      {{"set", "o", "--type", "mv_register", "--string", "1"},
       R"(PATCH /v1/objects/o {"type":"mv_register","ops":[{"op":"set","value":"1"}]})"},
      {{"put", "o", "k", "[1]", "--type", "orset"},
       R"(PUT /v1/objects/o/k {"type":"orset","value":[1]})"},
      {{"add", "o", "blue"}, R"(PATCH /v1/objects/o {"ops":[{"op":"add","value":"blue"}]})"},
      {{"remove", "o", "7"}, R"(PATCH /v1/objects/o {"ops":[{"op":"remove","value":7}]})"},
      {{"increment", "o", "--type", "gcounter"},
       R"(PATCH /v1/objects/o {"type":"gcounter","ops":[{"op":"increment","by":1}]})"},
      {{"decrement", "o", "k", "--by", "5"},
       R"(PATCH /v1/objects/o/k {"ops":[{"op":"decrement","by":5}]})"},
      {{"insert", "o", "k", "a \"b\"", "--at", "3"},
       R"(PATCH /v1/objects/o/k {"type":"seq","ops":[{"op":"insert","at":3,"text":"a \"b\""}]})"},
      {{"insert", "o", "x", "--after", "a:1:0"},
       R"(PATCH /v1/objects/o {"type":"seq","ops":[{"op":"insert","after":"a:1:0","text":"x"}]})"},
      {{"erase", "o", "--at", "0", "--len", "4"},
       R"(PATCH /v1/objects/o {"type":"seq","ops":[{"op":"erase","at":0,"len":4}]})"},
      {{"unset", "o", "k"}, R"(PATCH /v1/objects/o/k {"ops":[{"op":"unset"}]})"},
  };
  for (const Call& call : calls) {
    std::vector<std::string> words{"objects"};
    words.insert(words.end(), call.words.begin(), call.words.end());

    auto ended = ask(agent, words);

    EXPECT_EQ(ended.exit, 0) << ended.err;
    const Seen seen = agent.seen().back();
    EXPECT_EQ(seen.method + " " + seen.target + " " + seen.body, call.request);
  }
}

TEST(ObjectCommand, AWriteThatChangesNothingIsUnchanged) {
  FakeAgent agent(always(FakeAgent::ok(R"({"id":"o","path":["k"],"type":null,"dot":null})")));

  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"unset", "o", "k"},
                                             {"remove", "o", "k", "1"},
                                             {"increment", "o", "k", "--by", "0"},
                                             {"erase", "o", "k", "--at", "0", "--len", "0"},
                                             {"insert", "o", "k", "", "--at", "0"},
                                             {"put", "o", "k", "[1]", "--type", "orset"}}) {
    std::vector<std::string> all{"objects"};
    all.insert(all.end(), words.begin(), words.end());

    auto ended = ask(agent, all);

    EXPECT_EQ(ended.exit, 0) << words[0] << ": " << ended.err;
    EXPECT_EQ(ended.out, "unchanged o/k\n") << words[0];
  }
}

TEST(ObjectCommand, OperationsThatSayTooLittleAreUsageErrors) {
  FakeAgent agent([](const Seen&) { return FakeAgent::ok("{}"); });

  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"insert", "o", "x"},
                                             {"insert", "o", "x", "--at", "1", "--after", "a:1:0"},
                                             {"insert", "o", "x", "--at", "-1"},
                                             {"erase", "o", "--at", "1"},
                                             {"increment", "o", "--by", "some"},
                                             {"put", "o", "1"}}) {
    std::vector<std::string> all{"objects"};
    all.insert(all.end(), words.begin(), words.end());
    EXPECT_EQ(ask(agent, all).exit, 2) << words[0];
  }
  EXPECT_TRUE(agent.seen().empty());
}

TEST(ObjectCommand, UsageErrorsSayWhatToWrite) {
  FakeAgent agent(always(FakeAgent::ok("{}")));
  struct Wrong {
    std::vector<std::string> words;
    std::string says;
  };
  for (const Wrong& wrong : std::vector<Wrong>{
           {{"insert", "o", "x", "--at", "0", "--after", "start"}, "are both given"},
           {{"insert", "o", "x", "--at", "-1"}, "--at takes a whole number from 0"},
           {{"erase", "o", "--at", "0", "--len", "-1"}, "--len takes a whole number from 0"},
           {{"increment", "o", "--by=-1"}, "`objects decrement` counts down"},
           {{"put", "o", "[1]"}, "orset"},
           {{"insert", "o", "-x", "--at", "0"}, "stands after --"},
           {{"rm", "o"}, "unknown command 'objects rm'; see hearsay objects --help"},
           {{"rm", "o"}, "`objects unset` removes"},
           {{"set", "bad\xff", "1"}, "the id is not UTF-8"},
           {{"get", "o", "bad\xff"}, "a key of the path is not UTF-8"},
           {{"get", ""}, "the id is empty"}}) {
    std::vector<std::string> all{"objects"};
    all.insert(all.end(), wrong.words.begin(), wrong.words.end());

    auto ended = ask(agent, all);

    EXPECT_EQ(ended.exit, 2) << wrong.says;
    EXPECT_TRUE(holds(ended.err, wrong.says)) << ended.err;
  }
  EXPECT_TRUE(agent.seen().empty());
}

// As a string it would be refused for its type, which hides the slip.
TEST(ObjectCommand, AValueThatIsMeantAsJsonAndIsNotIsNamedWithItsByte) {
  FakeAgent agent(always(FakeAgent::ok(R"({"id":"x","path":[],"type":"orset","dot":"a:1:0"})")));

  auto map = ask(agent, {"objects", "put", "x", R"({"a":)", "--type", "crdt_map"});
  auto set = ask(agent, {"objects", "put", "x", "[1,]", "--type", "orset"});
  auto twice = ask(agent, {"objects", "put", "x", R"({"a":1,"a":2})", "--type", "crdt_map"});

  EXPECT_EQ(map.exit, 2);
  EXPECT_TRUE(holds(map.err, "the crdt_map is not valid JSON: JSON, byte 5: ")) << map.err;
  EXPECT_EQ(set.exit, 2);
  EXPECT_TRUE(holds(set.err, "byte 3: ")) << set.err;
  EXPECT_EQ(twice.exit, 2);
  EXPECT_TRUE(agent.seen().empty());
  // A register takes a string, and the type says that this is one.
  ask(agent, {"objects", "put", "x", "{a", "--type", "lww_register"});
  EXPECT_TRUE(holds(agent.seen().at(0).body, R"("value":"{a")"));
}

TEST(ObjectCommand, AKeyMayBeEmpty) {
  FakeAgent agent(always(
      FakeAgent::ok(R"({"id":"o","path":[""],"type":"lww_register","value":1,"vector":{}})")));

  auto ended = ask(agent, {"objects", "get", "o", ""});

  EXPECT_EQ(ended.out, "1\n") << ended.err;
  EXPECT_EQ(agent.seen().at(0).target, "/v1/objects/o/");
}

TEST(ObjectCommand, ObjectsArePagedByTheirNext) {
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
      R"({"id":"c","type":"seq","cells":3}],"next":null})");
  EXPECT_EQ(std::count(lines.out.begin(), lines.out.end(), '\n'), 3);
}

}  // namespace
}  // namespace cli
