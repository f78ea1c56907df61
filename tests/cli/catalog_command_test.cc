// `snapshots` and `images`: what they send, what they print, and how they end.

#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>

#include "tests/cli/answers.h"

namespace cli {
namespace {

std::string decoded(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      out.push_back(static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16)));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

// Answers like an agent: every write succeeds, and the answer names the verb. There is no entry
// "absent".
std::string obey(const Seen& request) {
  bool added = request.target.find("/add/") != std::string::npos;
  bool removed = request.target.find("/remove/") != std::string::npos;
  std::string status = added ? "added" : removed ? "removed" : "updated";
  auto id = decoded(request.target.substr(request.target.rfind('/') + 1));
  if (request.method == "GET" && id == "absent") return FakeAgent::error(404, "not_found", "none");
  if (request.target.starts_with("/v1/objects/")) {
    return FakeAgent::ok(R"({"id":"snapshots","type":"crdt_map","value":{},"vector":{},)"
                         R"("dot":"a:1:0"})");
  }
  return FakeAgent::ok(nlohmann::json({{"id", id}, {"status", status}}).dump() + "\n");
}

Ended catalog(const FakeAgent& agent, Words arguments, const std::string& input = "") {
  arguments.insert(arguments.end(), {"--http", agent.address()});
  return run_program(arguments, input);
}

std::string request_line(const Seen& seen) { return seen.method + " " + seen.target; }

TEST(Catalog, EachWriteIsOneRequest) {
  FakeAgent agent(obey);

  auto add =
      catalog(agent, {"snapshots", "add", "snap1", "--meta", "size=1024", "--meta", "ok=true"});
  auto set = catalog(agent, {"images", "set", "img1", "a=1", "b=x", "c=[1,2]", "a={}"});
  auto rm = catalog(agent, {"images", "rm", "img1", "-o", "json"});

  auto seen = agent.seen();
  EXPECT_EQ(add.exit, 0) << add.err;
  EXPECT_EQ(add.out, "added snap1\n");
  EXPECT_EQ(request_line(seen.at(0)), "POST /snapshots/add/snap1");
  EXPECT_EQ(seen.at(0).body, R"({"size":1024,"ok":true})");
  EXPECT_EQ(set.exit, 0) << set.err;
  EXPECT_EQ(request_line(seen.at(1)), "PATCH /images/metadata/img1");
  EXPECT_EQ(seen.at(1).body, R"({"a":{},"b":"x","c":[1,2]})");
  EXPECT_EQ(request_line(seen.at(2)), "GET /v1/objects/images/img1");  // is it there
  EXPECT_EQ(request_line(seen.at(3)), "DELETE /images/remove/img1");
  EXPECT_EQ(rm.exit, 0);
  EXPECT_EQ(rm.out, "{\"id\":\"img1\",\"status\":\"removed\"}\n");
  EXPECT_EQ(add.err + set.err + rm.err, "");
}

TEST(Catalog, AnyIdIsOneEncodedSegment) {
  FakeAgent agent(obey);
  const std::vector<std::pair<std::string, std::string>> ids{
      {"docker.io/library/redis:7", "docker.io%2Flibrary%2Fredis%3A7"},
      {"100%", "100%25"},
      {"a%2Fb", "a%252Fb"},
      {"\xE2\x82\xAC \xF0\x9F\x98\x80", "%E2%82%AC%20%F0%9F%98%80"},
      {"..", ".."},
      {".", "."},
      {"a?b#c&d", "a%3Fb%23c%26d"},
      {"ls", "ls"},
      {"snapshots", "snapshots"},
      {"status", "status"},
      {"{}", "%7B%7D"},
      {"[a,b]", "%5Ba%2Cb%5D"},
      {"'q'", "%27q%27"},
  };
  for (const auto& [id, encoded] : ids) {
    auto ended = catalog(agent, {"snapshots", "rm", id});

    EXPECT_EQ(ended.exit, 0) << id << ended.err;
    EXPECT_EQ(agent.seen().back().target, "/snapshots/remove/" + encoded);
  }
  auto dashed = run_program({"--http", agent.address(), "snapshots", "rm", "--", "--meta"});
  EXPECT_EQ(dashed.exit, 0) << dashed.err;
  EXPECT_EQ(agent.seen().back().target, "/snapshots/remove/--meta");
}

TEST(Catalog, AddTakesJsonFromAFileOrStdinAndFieldsOnTop) {
  FakeAgent agent(obey);
  Folder folder;
  auto file = folder.write("m.json", "{ \"z\": 1.50,\n \"a\": {\"y\": 1, \"x\": 2} }\n");

  auto from_file = catalog(agent, {"snapshots", "add", "a", "--json", file});
  auto mixed = catalog(agent, {"snapshots", "add", "a", "--meta", "z=2", "--json", file});
  auto from_stdin = catalog(agent, {"snapshots", "add", "a", "--json", "-"}, "{\"n\":1e400}");
  auto nothing = catalog(agent, {"snapshots", "add", "a"});

  auto seen = agent.seen();
  EXPECT_EQ(from_file.exit + mixed.exit + from_stdin.exit + nothing.exit, 0);
  EXPECT_EQ(seen.at(0).body, R"({"z":1.50,"a":{"y":1,"x":2}})");
  EXPECT_EQ(seen.at(1).body, R"({"z":2,"a":{"y":1,"x":2}})");
  EXPECT_EQ(seen.at(2).body, R"({"n":1e400})");
  EXPECT_EQ(seen.at(3).body, "{}");

  auto marked = folder.write("marked.json", "\xEF\xBB\xBF{\"n\":1}");
  EXPECT_EQ(ask(agent, {"snapshots", "add", "a", "--json", marked}).exit, 0);
  EXPECT_EQ(agent.seen().back().body, R"({"n":1})");
}

TEST(Catalog, AStringStaysAStringAndAFieldCanBeTakenAway) {
  FakeAgent agent(obey);

  auto add = ask(agent, {"snapshots", "add", "a", "--meta", "n=1.10", "--meta-string", "v=1.10",
                         "--meta-string", "t=true"});
  auto set = ask(agent, {"images", "set", "a", "n=2", "--meta-string", "v=[1]"});
  auto only_strings = ask(agent, {"images", "set", "a", "--meta-string", "v=\"x\""});
  auto unset = ask(agent, {"snapshots", "unset", "a", "v", "b/c"});

  auto seen = agent.seen();
  EXPECT_EQ(add.exit + set.exit + only_strings.exit + unset.exit, 0) << set.err << unset.err;
  EXPECT_EQ(seen.at(0).body, R"({"n":1.10,"v":"1.10","t":"true"})");
  EXPECT_EQ(seen.at(1).body, R"({"n":2,"v":"[1]"})");
  EXPECT_EQ(seen.at(3).body, R"({"v":"\"x\""})");
  EXPECT_EQ(request_line(seen.at(5)), "PATCH /v1/objects/snapshots/a");
  EXPECT_EQ(seen.at(5).body,
            R"({"ops":[{"op":"unset","path":["v"]},{"op":"unset","path":["b/c"]}]})");
  EXPECT_EQ(unset.out, "updated a\n");
}

TEST(Catalog, SettingAnAbsentEntrySaysSoOrIsFour) {
  for (const Words& words :
       {Words{"snapshots", "set", "absent", "a=1"}, Words{"images", "unset", "absent", "a"}}) {
    FakeAgent agent(obey);
    auto strict = words;
    strict.push_back("--must-exist");

    auto told = ask(agent, words);
    auto writes = agent.seen().size();
    auto refused = ask(agent, strict);

    EXPECT_EQ(told.exit, 0);
    EXPECT_EQ(told.out, "updated absent\n");
    auto why = words[1] == "set" ? "does not exist yet" : "images has no entry \"absent\"";
    EXPECT_NE(told.err.find(why), std::string::npos) << told.err;
    EXPECT_EQ(refused.exit, 4);
    EXPECT_EQ(refused.out, "");
    EXPECT_NE(refused.err.find("nothing was written"), std::string::npos) << refused.err;
    EXPECT_EQ(agent.seen().size(), writes + 1);
    EXPECT_EQ(agent.seen().back().method, "GET");
  }
}

TEST(Catalog, BadJsonAndMissingFilesAreErrorsBeforeAnythingIsSent) {
  FakeAgent agent(obey);
  Folder folder;
  auto list = folder.write("list.json", "[1]");
  auto twice = folder.write("twice.json", "{\"a\":1,\"b\":{},\"\\u0061\":2}");
  auto wide = folder.write("wide.json", std::string("\xFF\xFE{\0}\0", 6));

  for (const Words& words : {Words{"snapshots", "add", "a", "--json", list},
                             Words{"snapshots", "add", "a", "--json", twice},
                             Words{"snapshots", "add", "a", "--json", wide},
                             Words{"snapshots", "add", "a", "--json", folder.path("missing")},
                             Words{"snapshots", "add", "a", "--json", "-"},
                             Words{"images", "add", "a", "--file", folder.path("missing")},
                             Words{"images", "add", "a", "--file", folder.path("")},
                             Words{"images", "import", folder.path("missing")}}) {
    auto ended = catalog(agent, words);
    EXPECT_EQ(ended.exit, 1) << testing::PrintToString(words);
    EXPECT_EQ(ended.out, "");
    EXPECT_NE(ended.err, "");
  }
  EXPECT_TRUE(agent.seen().empty());
}

// A script whose variable is empty must not replace an entry by nothing.
TEST(Catalog, AnEmptyWordIsNoFile) {
  FakeAgent agent(obey);

  for (const Words& words :
       {Words{"snapshots", "add", "a", "--json", ""}, Words{"images", "add", "a", "--file", ""},
        Words{"--config", "", "snapshots", "ls"}}) {
    auto ended = catalog(agent, words);
    EXPECT_EQ(ended.exit, 2) << testing::PrintToString(words);
    EXPECT_NE(ended.err.find("expected a file"), std::string::npos) << ended.err;
  }
  EXPECT_TRUE(agent.seen().empty());
}

TEST(Catalog, AValueThatTheAgentWouldRefuseNamesItsField) {
  FakeAgent agent(obey);

  for (const Words& words : {Words{"snapshots", "add", "a", "--meta", R"(b={"x":1,"x":2})"},
                             Words{"snapshots", "set", "a", R"(b={"x":1,"x":2})"}}) {
    auto ended = catalog(agent, words);
    EXPECT_NE(ended.exit, 0);
    EXPECT_NE(ended.err.find("the value of b"), std::string::npos) << ended.err;
  }
  EXPECT_TRUE(agent.seen().empty());
}

TEST(Catalog, AnImageFileIsDescribed) {
  FakeAgent agent(obey);
  Folder folder;
  auto file = folder.write("root fs.TAR.GZ", "abc");
  std::string large(3'000'000, 'x');
  auto blob = folder.write("blob", large);

  auto small = catalog(agent, {"images", "add", "i", "--file", file, "--meta", "name=mine"});
  auto big = catalog(agent, {"images", "add", "i", "--file", blob});

  EXPECT_EQ(small.exit, 0) << small.err;
  EXPECT_EQ(agent.seen().at(0).body,
            R"({"name":"mine","size":3,"sha256":)"
            R"("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",)"
            R"("media_type":"application/gzip"})");
  EXPECT_EQ(big.exit, 0) << big.err;
  EXPECT_NE(agent.seen().at(1).body.find(R"("size":3000000,)"), std::string::npos);
  EXPECT_NE(agent.seen().at(1).body.find(R"("media_type":"application/octet-stream")"),
            std::string::npos);
}

TEST(Catalog, GetShowsFieldsAndAbsentIsFour) {
  constexpr char kBody[] = R"({"id":"snap1","path":["snap1"],"type":"crdt_map",)"
                           R"("value":{"b":1.00,"a":"two\nlines"},"vector":{}})";
  FakeAgent agent([&](const Seen& request) {
    if (request.target == "/v1/objects/snapshots/snap1") return FakeAgent::ok(kBody);
    return FakeAgent::error(404, "not_found", "no snap2 in snapshots");
  });

  auto table = catalog(agent, {"snapshots", "get", "snap1"});
  auto json = catalog(agent, {"snapshots", "get", "snap1", "-o", "json"});
  auto lines = catalog(agent, {"snapshots", "get", "snap1", "-o", "jsonl"});
  auto absent = catalog(agent, {"snapshots", "get", "snap2", "-o", "json"});

  EXPECT_EQ(table.out, "id  snap1\nb   1.00\na   two\\nlines\n");
  EXPECT_EQ(json.out, kBody);
  EXPECT_EQ(lines.out, std::string(kBody) + "\n");
  EXPECT_EQ(absent.exit, 4);
  EXPECT_EQ(absent.out, "");
  EXPECT_EQ(absent.err, "hearsay: no snap2 in snapshots\n");
}

// Three pages with two, no and one entry.
std::string pages(const Seen& request) {
  auto link = [](const std::string& to) { return "Link: <" + to + ">; rel=\"next\"\r\n"; };
  if (request.target == "/page2") return FakeAgent::ok("[]", link("/page3?after=x%2Fy"));
  if (request.target == "/page3?after=x%2Fy") {
    return FakeAgent::ok(R"([ {"id":"c","metadata":{"n":1.0}} ])");
  }
  return FakeAgent::ok(
      R"([{"id":"a","metadata":{"z":"two words","a":1.50}}, {"id":"b","metadata":{}}])",
      link("/page2"));
}

TEST(Catalog, ListsRunThroughAllPages) {
  FakeAgent agent(pages);

  auto table = catalog(agent, {"snapshots", "ls", "state=ok", "size>5", "a+b \"c\""});
  auto json = catalog(agent, {"images", "ls", "-o", "json"});
  auto lines = catalog(agent, {"images", "ls", "-o", "jsonl"});

  auto seen = agent.seen();
  EXPECT_EQ(table.exit, 0) << table.err;
  EXPECT_EQ(seen.at(0).target,
            "/catalog/query?type=snapshots&limit=1000&q=state%3Dok%20size%3E5%20a%2Bb%20%22c%22");
  EXPECT_EQ(seen.at(2).target, "/page3?after=x%2Fy");
  EXPECT_EQ(seen.at(3).target, "/catalog/query?type=images&limit=1000");
  EXPECT_EQ(table.out, "ID  METADATA\na   z=\"two words\" a=1.50\nb   \nc   n=1.0\n");
  EXPECT_EQ(json.out,
            R"([{"id":"a","metadata":{"z":"two words","a":1.50}},{"id":"b","metadata":{}},)"
            R"({"id":"c","metadata":{"n":1.0}}])");
  EXPECT_EQ(lines.out, R"({"id":"a","z":"two words","a":1.50})"
                       "\n"
                       R"({"id":"b"})"
                       "\n"
                       R"({"id":"c","n":1.0})"
                       "\n");
}

TEST(Catalog, OnePageIsPrintedAsItCame) {
  constexpr char kPage[] = " [ {\"id\":\"a\",  \"metadata\":{\"n\":1.0}} ]\n";
  FakeAgent agent([&](const Seen&) { return FakeAgent::ok(kPage); });

  EXPECT_EQ(catalog(agent, {"snapshots", "ls", "-o", "json"}).out, kPage);
}

TEST(Catalog, NothingMatchedIsFour) {
  FakeAgent agent([](const Seen&) { return FakeAgent::ok("[]"); });

  auto table = catalog(agent, {"snapshots", "ls", "nope"});
  auto json = catalog(agent, {"snapshots", "ls", "nope", "-o", "json"});
  auto lines = catalog(agent, {"snapshots", "ls", "nope", "-o", "jsonl"});

  EXPECT_EQ(table.exit, 4);
  EXPECT_EQ(table.out, "");
  EXPECT_EQ(table.err, "hearsay: nothing matched\n");
  EXPECT_EQ(json.exit, 4);
  EXPECT_EQ(json.out, "[]");
  EXPECT_EQ(lines.exit, 4);
  EXPECT_EQ(lines.out, "");
}

TEST(Catalog, APageThatFailsOrNamesItselfEndsTheList) {
  FakeAgent failing([](const Seen& request) {
    if (request.target == "/page2") return FakeAgent::error(503, "busy", "later");
    return pages(request);
  });
  FakeAgent looping([](const Seen&) {
    return FakeAgent::ok("[]", "Link: </catalog/query?type=images&limit=1000>; rel=\"next\"\r\n");
  });
  FakeAgent slow([](const Seen& request) {
    return request.target == "/page2" ? std::string() : pages(request);
  });

  auto failed = catalog(failing, {"images", "ls", "-o", "jsonl"});
  auto looped = catalog(looping, {"images", "ls"});
  auto late = catalog(slow, {"images", "ls", "--timeout", "0.3"});

  EXPECT_EQ(failed.exit, 5);
  EXPECT_EQ(failed.err, "hearsay: later\n");
  EXPECT_EQ(looped.exit, 1);
  // The second page goes over the connection of the first. A missing answer must still be a
  // timeout, not "cannot connect".
  EXPECT_EQ(late.exit, 7);
  EXPECT_EQ(slow.connections(), 1);
}

// The agent sends a page in chunks when it takes long to find the rows.
TEST(Catalog, RowsAreShownAsTheyArrive) {
  const std::string row = R"({"id":"early","metadata":{"a":"],}"}})";
  for (const char* format : {"table", "jsonl"}) {
    std::promise<void> shown;
    FakeAgent agent([&](const Seen& request) {
      if (request.target == "/rest") return FakeAgent::ok("[]");
      return FakeAgent::chunked(
          {"[" + row, ",", std::string(FakeAgent::kPause), "\n", R"({"id":"late","metadata":{}}])"},
          true, "Link: </rest>; rel=\"next\"\r\n");
    });
    agent.pause = [&] { shown.get_future().wait(); };

    Program program({"images", "ls", "q", "-o", format, "--http", agent.address()});
    EXPECT_TRUE(program.wait_for_output("early")) << format;
    shown.set_value();
    auto ended = program.wait();

    EXPECT_EQ(ended.exit, 0) << ended.err;
    EXPECT_NE(ended.out.find("late"), std::string::npos) << ended.out;
    EXPECT_EQ(ended.out.find("early"), ended.out.rfind("early")) << "shown once";
  }
}

TEST(Catalog, AnAnswerThatIsBrokenOffIsAnErrorAndNotAShorterList) {
  FakeAgent agent(
      [&](const Seen&) { return FakeAgent::chunked({R"([{"id":"a","metadata":{}},)"}, false); });

  auto table = catalog(agent, {"images", "ls"});
  auto json = catalog(agent, {"images", "ls", "-o", "json"});

  EXPECT_EQ(table.exit, 1);
  EXPECT_NE(table.out.find("a"), std::string::npos);
  EXPECT_NE(table.err.find("broke its answer off"), std::string::npos) << table.err;
  EXPECT_EQ(json.exit, 1);
  EXPECT_EQ(json.out, "");
}

TEST(Catalog, AForeignAnswerInChunksIsNoSuccess) {
  for (const char* body : {"[1,2]", R"({"a":1,"b":2})", "[{\"id\":\"a\"},{}]", "hello", "[{,]"}) {
    FakeAgent agent([&](const Seen&) { return FakeAgent::chunked({body}); });

    auto ended = catalog(agent, {"images", "ls"});

    EXPECT_EQ(ended.exit, 1) << body;
    EXPECT_EQ(ended.out, "") << body;
  }
}

TEST(Catalog, AFullDiskUnderStdoutIsAnError) {
  FakeAgent agent(obey);
  auto ended =
      run_program({"snapshots", "add", "a", "--http", agent.address()}, "", {}, "/dev/full");

  EXPECT_EQ(ended.exit, 1);
  EXPECT_NE(ended.err.find("write to stdout: No space left on device"), std::string::npos)
      << ended.err;
}

}  // namespace
}  // namespace cli
