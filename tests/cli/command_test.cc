// Exit codes, flags, stdout and stderr, and answers that come from other programs.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/cli/answers.h"

namespace cli {
namespace {

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
                                 {"objects", "get", ""},
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
  EXPECT_NE(run_program({"snapshots", "frob"}).err.find("'snapshots frob'"), std::string::npos);
}

// While CLI11 reads them, words after `--` and lists have a mark that we put in front.
TEST(Command, UsageErrorsQuoteWordsAsTheyWereTyped) {
  auto after_dashes = run_program({"snapshots", "get", "a", "--", "--http", "x"});
  auto list = run_program({"snapshots", "get", "a", "[b,c]"});
  auto nothing = run_program({"snapshots", "unset", "a"});

  EXPECT_EQ(after_dashes.exit, 2);
  EXPECT_TRUE(holds(after_dashes.err, "--http")) << after_dashes.err;
  EXPECT_FALSE(holds(after_dashes.err, "\x01")) << after_dashes.err;
  EXPECT_EQ(list.exit, 2);
  EXPECT_TRUE(holds(list.err, "[b,c]")) << list.err;
  EXPECT_FALSE(holds(list.err, "\x01")) << list.err;
  EXPECT_EQ(nothing.exit, 2);
  EXPECT_TRUE(holds(nothing.err, "at least one field")) << nothing.err;
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
    const std::string hint =
        test.status == 401 ? "; give one with --api-key-file FILE or HEARSAY_API_KEY" : "";
    EXPECT_EQ(ended.err, "hearsay: why \\u001b[2J not" + hint + "\n");
  }
}

// Any program may listen at the port. Whatever it answers, no command takes that for a success.
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

// An increment that is sent twice counts twice, so its sender must know that it may have been done.
TEST(Command, AWriteWithoutAnAnswerMayHaveBeenDone) {
  FakeAgent silent(always(""));
  FakeAgent killed(always(std::string(FakeAgent::kEnd)));
  FakeAgent again([](const Seen& seen) {
    return seen.target == "/healthz" ? FakeAgent::ok(R"({"status":"ok"})")
                                     : std::string(FakeAgent::kHangUp);
  });

  auto late = ask(silent, {"objects", "increment", "n", "--timeout", "0.3"});
  auto gone = ask(killed, {"objects", "increment", "n"});
  auto started_again = ask(again, {"objects", "increment", "n"});
  auto read = ask(silent, {"objects", "get", "n", "--timeout", "0.3"});

  EXPECT_EQ(late.exit, 7);
  EXPECT_TRUE(holds(late.err, "no answer within 300 ms; the write may have been done")) << late.err;
  EXPECT_EQ(gone.exit, 3);
  EXPECT_TRUE(holds(gone.err, "went away before it answered; the write may")) << gone.err;
  EXPECT_EQ(started_again.exit, 3);
  EXPECT_TRUE(holds(started_again.err, "the write may have been done")) << started_again.err;
  EXPECT_FALSE(holds(read.err, "may have been done")) << read.err;
}

// The agent may have done it before the connection broke. Under the same name it is done once.
TEST(Command, AWriteWhoseConnectionBrokeIsSentAgainUnderTheSameName) {
  std::atomic<int> writes = 0;
  FakeAgent agent([&](const Seen& seen) {
    if (seen.target == "/healthz") return FakeAgent::ok(R"({"status":"ok"})");
    if (++writes < 3) return std::string(FakeAgent::kHangUp);
    return FakeAgent::ok(R"({"id":"n","path":[],"type":"gcounter","dot":null})");
  });

  auto done = ask(agent, {"objects", "increment", "n"});
  auto other = ask(agent, {"objects", "increment", "n"});

  EXPECT_EQ(done.exit, 0) << done.err;
  EXPECT_EQ(other.exit, 0) << other.err;
  std::vector<std::string> names;
  for (const Seen& seen : agent.seen()) {
    if (seen.method == "PATCH") names.push_back(seen.headers.at("idempotency-key"));
  }
  ASSERT_EQ(names.size(), 4u);
  EXPECT_EQ(names[0].size(), 32u);
  EXPECT_EQ(names[1], names[0]);
  EXPECT_EQ(names[2], names[0]);
  EXPECT_NE(names[3], names[0]);
}

TEST(Command, InterruptionIs130) {
  FakeAgent silent(always(""));
  Program program({"status", "--http", silent.address()});
  while (silent.seen().empty()) usleep(10'000);

  program.signal(SIGINT);

  EXPECT_EQ(program.wait().exit, 130);
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
