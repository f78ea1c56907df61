// Runs the program on the command line, with a real agent. What is exported can be imported again.
// Also tests unusual environments.

#include <gtest/gtest.h>

#include <signal.h>
#include <cstdlib>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "tests/cluster/cluster.h"

namespace cluster {
namespace {

// Ids and fields of every kind.
std::vector<std::string> texts() {
  return {"a",      "id", "metadata", "a/b",     "..", "%2F", "é\xF0\x9F\x98\x80", "\"q\"\\",
          "a b\tc", "\n", "{}",       "\\u0061", "ID", " id", "metadata.id",       "0"};
}

std::vector<std::string> values() {
  return {"null",
          "true",
          "1.10",
          "1e400",
          "-0",
          "18446744073709551616123456789",
          R"("")",
          R"("caf\u00e9 \ud83d\ude00 \u0000")",
          "{}",
          "[]",
          R"({"id":"x","metadata":{"id":1}})",
          R"([{"a":[null,{"metadata":{}}]}])"};
}

// JSON lines with metadata that PUT accepts: first the hard cases, then random ones.
std::vector<std::string> metadata_of_every_kind(std::mt19937& random) {
  std::vector<std::string> all{
      "{}",
      R"({"id":"other"})",
      R"({"id":{"id":1}})",
      R"({"metadata":{}})",
      R"({"metadata":{"metadata":{}}})",
      R"({"metadata":{"id":1}})",
      R"({"metadata":"text"})",
      R"({"metadata":[1]})",
      R"({"metadata":null})",
      R"({"id":null,"metadata":{}})",
      R"({"id":1,"metadata":{"a":1},"z":2})",
      R"({"a":1,"metadata":{"b":2}})",
  };
  for (int i = 0; i < 60; ++i) {
    auto names = texts();
    std::shuffle(names.begin(), names.end(), random);
    std::string object;
    for (std::size_t k = 0; k < 1 + random() % 3; ++k) {
      object += (object.empty() ? "{" : ",") + nlohmann::json(names[k]).dump() + ":" +
                values()[random() % values().size()];
    }
    all.push_back(object + "}");
  }
  return all;
}

TEST(CommandLine, WhatIsListedAsLinesIsImportedAsItWas) {
  Cluster mesh(1);
  std::mt19937 random(20260131);
  for (const std::string object : {"snapshots", "images"}) {
    auto all = metadata_of_every_kind(random);
    auto ids = texts();
    for (std::size_t i = ids.size(); i < all.size(); ++i) ids.push_back("e" + std::to_string(i));
    std::string whole;
    for (std::size_t i = 0; i < all.size(); ++i) {
      whole += "{\"id\":" + nlohmann::json(ids[i]).dump() + ",\"metadata\":" + all[i] + "}\n";
    }
    ASSERT_EQ(command(mesh[0], {object, "import", "-"}, "\xEF\xBB\xBF" + whole).status, 0);
    auto before = command(mesh[0], {object, "ls", "-o", "json"}).output;

    auto lines = command(mesh[0], {object, "ls", "-o", "jsonl"}).output;
    auto again = command(mesh[0], {object, "import", "-"}, lines);

    EXPECT_EQ(again.output, "0 added, " + std::to_string(all.size()) + " unchanged\n")
        << again.errors;
    EXPECT_EQ(command(mesh[0], {object, "ls", "-o", "json"}).output, before);
    Cluster other(1);
    EXPECT_EQ(command(other[0], {object, "import", "-"}, lines).status, 0);
    EXPECT_EQ(command(other[0], {object, "ls", "-o", "json"}).output, before);
  }
}

TEST(CommandLine, AFieldOfAFlatLineMayBeCalledMetadata) {
  Cluster mesh(1);

  command(mesh[0], {"snapshots", "import", "-"},
          "{\"id\":\"a\",\"metadata\":{\"x\":1}}\n{\"id\":\"b\",\"metadata\":7}\n"
          "{\"id\":\"c\",\"metadata\":{\"x\":1},\"y\":2}\n");

  EXPECT_EQ(command(mesh[0], {"snapshots", "ls", "-o", "json"}).output,
            R"([{"id":"a","metadata":{"x":1}},{"id":"b","metadata":{"metadata":7}},)"
            R"({"id":"c","metadata":{"metadata":{"x":1},"y":2}}])");
}

TEST(CommandLine, SetAndUnsetOnAnAgent) {
  Cluster mesh(1);
  auto& agent = mesh[0];
  command(agent, {"snapshots", "add", "s", "--meta", "n=1", "--meta-string", "v=1.10"});

  auto unset = command(agent, {"snapshots", "unset", "s", "n"});
  auto again = command(agent, {"snapshots", "unset", "s", "n"});
  auto absent = command(agent, {"snapshots", "set", "t", "a=1"});
  auto strict = command(agent, {"snapshots", "set", "t", "a=1", "--must-exist"});
  auto object = command(agent, {"objects", "set", "snapshots", "s", "w", "2"});

  EXPECT_EQ(unset.output, "updated s\n") << unset.errors;
  EXPECT_EQ(again.output, "unchanged s\n") << again.errors;
  EXPECT_EQ(absent.status, 0);
  EXPECT_NE(absent.errors.find("does not exist yet"), std::string::npos) << absent.errors;
  EXPECT_EQ(strict.status, 4);
  EXPECT_EQ(object.status, 0) << object.errors;
  EXPECT_EQ(command(agent, {"snapshots", "ls", "-o", "jsonl"}).output,
            "{\"id\":\"s\",\"v\":\"1.10\",\"w\":2}\n");
  EXPECT_NE(command(agent, {"objects", "inspect", "snapshots"})
                .output.find(agent.options().name + " " + agent.node_id().substr(0, 8)),
            std::string::npos);
}

// The dynamic linker runs before the program. A signal that comes then ends the process by the
// default of the kernel; the agent has opened nothing yet.
TEST(CommandLine, SigtermAtAnyMomentOfTheStartEndsCleanly) {
  Cluster mesh(1);
  auto& agent = mesh[0];
  command(agent, {"snapshots", "add", "kept"});
  ASSERT_TRUE(agent.stop().ok());
  std::mt19937 random(7);
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(agent.begin().ok());
    auto maps = "/proc/" + std::to_string(agent.process().pid()) + "/status";
    // main() ignores SIGXFSZ (bit 24 of SigIgn), then holds SIGTERM (bit 14 of SigBlk). A process
    // that is being started may block all signals as well, but it does not ignore that one.
    ASSERT_TRUE(support::eventually(Millis{5'000}, [&] {
      auto status = support::read_file(maps);
      auto mask = [&](const std::string& name) {
        auto at = status.find(name);
        if (at == std::string::npos) return 0ul;
        return std::strtoul(status.substr(at + name.size(), 20).c_str(), nullptr, 16);
      };
      return (mask("SigIgn:") >> 24 & 1) != 0 && (mask("SigBlk:") >> 14 & 1) != 0;
    }));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 30'000));
    agent.process().signal(SIGTERM);

    EXPECT_EQ(agent.process().wait(Millis{5'000}), std::optional<int>(0)) << agent.log();
  }
  ASSERT_TRUE(agent.restart().ok());
  ASSERT_TRUE(agent.wait_ready().ok());
  EXPECT_EQ(command(agent, {"snapshots", "get", "kept"}).status, 0);
}

}  // namespace
}  // namespace cluster
