// Commands that stream: import sends a stream, watch receives one.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <memory>

#include "tests/cli/fake_agent.h"
#include "tests/cli/program.h"

namespace cli {
namespace {

std::string ten_thousand_lines() {
  std::string lines;
  for (int i = 0; i < 10'000; ++i) {
    lines += R"({"id":"package-)" + std::to_string(i) + R"(","size":)" + std::to_string(i) +
             R"(,"text":"caf\u00e9 )" + std::string(static_cast<std::size_t>(i % 300), 'x') +
             "\"}\n";
  }
  return lines;
}

TEST(Import, AFileAndStdinArriveWholeAndChunked) {
  FakeAgent agent([](const Seen&) { return FakeAgent::ok(R"({"added":9999,"unchanged":1})"); });
  Folder folder;
  auto lines = ten_thousand_lines();
  auto file = folder.write("lines.jsonl", lines);

  auto from_file = run_program({"snapshots", "import", file, "--http", agent.address()});
  auto from_stdin =
      run_program({"images", "import", "-", "-o", "json", "--http", agent.address()}, lines);
  auto empty = run_program({"images", "import", "-", "--http", agent.address()});

  auto seen = agent.seen();
  EXPECT_EQ(from_file.exit, 0) << from_file.err;
  EXPECT_EQ(from_file.out, "9999 added, 1 unchanged\n");
  EXPECT_EQ(from_file.err, "");
  EXPECT_EQ(seen.at(0).method + seen.at(0).target, "POST/v1/import?type=snapshots");
  EXPECT_EQ(seen.at(0).headers.at("transfer-encoding"), "chunked");
  EXPECT_FALSE(seen.at(0).headers.contains("content-length"));
  EXPECT_TRUE(seen.at(0).body == lines);
  EXPECT_EQ(from_stdin.out, R"({"added":9999,"unchanged":1})");
  EXPECT_EQ(seen.at(1).target, "/v1/import?type=images");
  EXPECT_TRUE(seen.at(1).body == lines);
  EXPECT_EQ(empty.exit, 0);
  EXPECT_EQ(seen.at(2).body, "");
}

TEST(Import, ABadLineIsTheAgentsErrorAndADirectoryIsOurs) {
  FakeAgent agent([](const Seen&) { return FakeAgent::error(400, "invalid", "line 17: no id"); });
  Folder folder;

  auto bad = run_program({"snapshots", "import", "-", "--http", agent.address()}, "x\n");
  auto directory =
      run_program({"snapshots", "import", folder.path("."), "--http", agent.address()});

  EXPECT_EQ(bad.exit, 1);
  EXPECT_EQ(bad.err, "hearsay: line 17: no id\n");
  EXPECT_EQ(directory.exit, 1);
  EXPECT_NE(directory.err.find("Is a directory"), std::string::npos) << directory.err;
}

// The agent refuses a bad line, and reads no more, while megabytes still wait to be sent.
TEST(Import, ARefusalThatComesEarlyIsHeard) {
  FakeAgent agent([](const Seen&) { return FakeAgent::error(400, "invalid", "line 1: no id"); },
                  FakeAgent::Answers::kAfterTheHead);
  std::string lines;
  for (int i = 0; i < 20; ++i) lines += ten_thousand_lines();

  auto ended = run_program({"snapshots", "import", "-", "--http", agent.address()}, lines);

  EXPECT_EQ(ended.exit, 1);
  EXPECT_EQ(ended.err, "hearsay: line 1: no id\n");
}

TEST(Import, IsNotBoundByTheTimeOfACommand) {
  FakeAgent agent([](const Seen&) {
    usleep(600'000);
    return FakeAgent::ok(R"({"added":0,"unchanged":0})");
  });

  auto ended =
      run_program({"snapshots", "import", "-", "--timeout", "0.2", "--http", agent.address()});

  EXPECT_EQ(ended.exit, 0) << ended.err;
}

// The agent is killed, or stopped, while the import runs.
TEST(Import, AnAgentThatGoesAwayIsThreeAndSaysThatTheImportCanRunAgain) {
  for (auto answers : {FakeAgent::Answers::kAfterTheHead, FakeAgent::Answers::kAfterTheBody}) {
    FakeAgent agent([](const Seen&) { return std::string(FakeAgent::kEnd); }, answers);

    auto ended =
        run_program({"snapshots", "import", "-", "--http", agent.address()}, ten_thousand_lines());

    EXPECT_EQ(ended.exit, 3);
    EXPECT_EQ(ended.err, "hearsay: the agent at http://" + agent.address() +
                             " went away before it answered; start it and run the import again: "
                             "what is stored already is left unchanged\n");
  }
}

// A port of another protocol closes the connection too, and goes on listening.
TEST(Import, APortOfAnotherProtocolIsNoAgentThatWentAway) {
  FakeAgent other([](const Seen&) { return std::string(FakeAgent::kHangUp); });

  auto ended = run_program({"snapshots", "import", "-", "--http", other.address()}, "{}\n");

  EXPECT_EQ(ended.exit, 1);
  EXPECT_NE(ended.err.find("no Hearsay agent"), std::string::npos) << ended.err;
}

std::string change(const std::string& id, const std::string& data) {
  return "id: " + id + "\nevent: change\ndata: " + data + "\n\n";
}

// The data of an event in the shortest form that an agent may send.
std::string event(int seq) {
  return R"({"object":"o","path":[],"op":"put","value":1.0,"seq":)" + std::to_string(seq) + "}";
}

TEST(Watch, GoesOnBehindTheLastEventWhenTheConnectionBreaks) {
  std::atomic<int> calls = 0;
  FakeAgent agent([&](const Seen&) -> std::string {
    switch (++calls) {
      case 1:
        return FakeAgent::events("id: e:0\n\n" + change("e:1", event(1)) + change("e:2", event(2)) +
                                 "id: e:3\ndata: {\"cut");
      case 2:
        return FakeAgent::error(503, "unavailable", "opening the store");
      case 3:
        return FakeAgent::events(": nothing new\n\n");
      case 4:
        return FakeAgent::events(change("e:3", event(3)));
      default:
        return "";
    }
  });
  Program program({"watch", "-o", "jsonl", "--timeout", "1", "--http", agent.address()});

  ASSERT_TRUE(program.wait_for_output(event(3) + "\n"));
  while (agent.seen().size() < 5) usleep(10'000);
  program.signal(SIGINT);
  auto ended = program.wait();

  auto seen = agent.seen();
  EXPECT_EQ(ended.exit, 130);
  EXPECT_EQ(ended.out, event(1) + "\n" + event(2) + "\n" + event(3) + "\n");
  EXPECT_EQ(seen.at(0).target, "/v1/events");
  EXPECT_FALSE(seen.at(0).headers.contains("last-event-id"));
  EXPECT_EQ(seen.at(1).headers.at("last-event-id"), "e:2");
  EXPECT_EQ(seen.at(3).headers.at("last-event-id"), "e:2");
  EXPECT_EQ(seen.at(4).headers.at("last-event-id"), "e:3");
}

// An agent sends the position of a stream before the first change. So changes that happen while the
// connection is broken are not lost, even if no change had arrived before.
TEST(Watch, APositionWithoutAChangeIsRemembered) {
  std::atomic<int> calls = 0;
  FakeAgent agent([&](const Seen&) -> std::string {
    return ++calls == 1 ? FakeAgent::events("id: start\n\n") : "";
  });
  Program program({"watch", "--http", agent.address()});

  while (agent.seen().size() < 2) usleep(10'000);
  program.signal(SIGINT);
  auto ended = program.wait();

  EXPECT_EQ(agent.seen().at(1).headers.at("last-event-id"), "start");
  EXPECT_EQ(ended.out, "");
}

TEST(Watch, PrintsHostsTimesAndTypesOfOneObject) {
  std::atomic<int> calls = 0;
  FakeAgent agent([&](const Seen& request) -> std::string {
    if (request.target == "/v1/members") {
      return FakeAgent::ok(R"([{"name":"attic","node_id":"00112233445566778899aabbccddeeff"}])");
    }
    if (++calls > 1) return "";
    return FakeAgent::events(
        change("1",
               R"({"object":"snapshots","path":["a/b"],"type":"crdt_map","op":"put",)"
               R"("value":{"n":1.0},"actor":"ffeeddccbbaa99887766554433221100","seq":7,)"
               R"("stamp":"1769860800123000000.0","node":"00112233445566778899aabbccddeeff"})") +
        change("2", R"({"object":"snapshots","path":["x"],"type":"crdt_map","op":"remove",)"
                    R"("value":null,"actor":"ff","seq":8,"stamp":"0.0","node":"phone"})") +
        "event: reset\ndata: {\"reason\":\"pruned\"}\n\n");
  });
  Program program({"watch", "snap shots", "--http", agent.address()});

  ASSERT_TRUE(program.wait_for_output("remove"));
  while (calls < 2) usleep(10'000);
  program.signal(SIGINT);
  auto ended = program.wait();

  EXPECT_EQ(agent.seen().at(0).target, "/v1/events?object=snap%20shots");
  EXPECT_EQ(ended.out,
            "2026-01-31T12:00:00.123Z  attic 00112233  snapshots/a/b crdt_map put {\"n\":1.0}  "
            "(ffeeddcc:7)\n"
            "1970-01-01T00:00:00.000Z  phone  snapshots/x crdt_map remove  (ff:8)\n");
  EXPECT_NE(ended.err.find("in between (pruned); read the whole state again"), std::string::npos)
      << ended.err;
}

TEST(Watch, PrintsTheValuesFirstAndTakesPrefixes) {
  std::atomic<int> calls = 0;
  FakeAgent agent([&](const Seen& request) -> std::string {
    if (request.target == "/v1/members") return FakeAgent::ok("[]");
    if (++calls > 1) return "";
    return FakeAgent::events(
        "event: value\n"
        R"(data: {"object":"snapshots","path":["a"],"type":"crdt_map","value":{"n":1.0}})"
        "\n\nevent: value\n"
        R"(data: {"object":"note","path":[],"type":"seq","value":null,"large":true})"
        "\n\nid: 1\n\nid: 1\nevent: up-to-date\ndata: {}\n\n" +
        change("2", R"({"object":"snapshots","path":["x"],"type":"crdt_map","op":"remove",)"
                    R"("value":null,"actor":"ff","seq":8,"stamp":"0.0","node":"phone"})"));
  });
  Program program(
      {"watch", "--values", "--prefix", "snap", "--prefix", "no/", "--http", agent.address()});

  ASSERT_TRUE(program.wait_for_output("remove"));
  while (calls < 2) usleep(10'000);
  program.signal(SIGINT);
  const auto ended = program.wait();

  EXPECT_EQ(agent.seen().at(0).target, "/v1/events?prefix=snap&prefix=no%2F&values=1");
  EXPECT_EQ(ended.out,
            "snapshots/a crdt_map {\"n\":1.0}\n"
            "note seq (larger than 8 MiB)\n"
            "1970-01-01T00:00:00.000Z  phone  snapshots/x crdt_map remove  (ff:8)\n");
  EXPECT_EQ(ended.exit, 130);
}

TEST(Watch, EndsAtOnceWhereItCannotBegin) {
  FakeAgent refusing([](const Seen&) { return FakeAgent::error(421, "misdirected", "not me"); });
  FakeAgent busy([](const Seen&) { return FakeAgent::error(503, "unavailable", "opening"); });
  auto nowhere = "127.0.0.1:" + std::to_string(closed_port());

  EXPECT_EQ(run_program({"watch", "--http", refusing.address()}).exit, 6);
  EXPECT_EQ(run_program({"watch", "--http", busy.address()}).exit, 3);
  EXPECT_EQ(run_program({"watch", "--http", nowhere}).exit, 3);
}

// This test takes ten seconds, the time that docs/cli.md promises.
TEST(Watch, AnAgentThatStaysAwayIsThree) {
  auto agent = std::make_unique<FakeAgent>([](const Seen& request) -> std::string {
    return request.headers.contains("last-event-id") ? ""
                                                     : FakeAgent::events(change("1", event(1)));
  });
  Program program({"watch", "-o", "json", "--http", agent->address()});
  ASSERT_TRUE(program.wait_for_output(event(1)));

  agent.reset();
  auto ended = program.wait();

  EXPECT_EQ(ended.exit, 3);
  EXPECT_NE(ended.err.find("could not be opened again"), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace cli
