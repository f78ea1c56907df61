// Bad input of `hearsay objects` (docs/testing.md, "Bad input"): what the program can judge is a
// usage error and is not sent; what the agent refuses is told with its reason.

#include <gtest/gtest.h>

#include "tests/cli/answers.h"

namespace cli {
namespace {

TEST(BadObject, TextThatIsNoUtf8IsNotSent) {
  FakeAgent agent([](const Seen&) { return FakeAgent::ok("{}"); });
  const std::string bad = "\xC3";

  for (const Words& words : std::vector<Words>{{"insert", "o", bad, "--at", "0"},
                                               {"set", "o", bad},
                                               {"add", "o", bad},
                                               {"remove", "o", bad}}) {
    Words all{"objects"};
    all.insert(all.end(), words.begin(), words.end());
    const Ended ended = ask(agent, all);
    EXPECT_EQ(ended.exit, 2) << words[0];
    EXPECT_TRUE(holds(ended.err, "is not UTF-8")) << ended.err;
  }
  EXPECT_TRUE(agent.seen().empty());
}

TEST(BadObject, WhatTheAgentRefusesIsToldWithItsReason) {
  const std::vector<std::pair<int, std::string>> refusals{
      {409, "the object \"o\" is a gcounter"},
      {413, "a path has at most 16 components"},
      {422, "position 9 does not exist: the text \"o\" has 3 code points"},
      {422, "the gcounter would become 18446744073709551616"}};
  for (const auto& [status, reason] : refusals) {
    FakeAgent agent(always(FakeAgent::error(status, "unprocessable", reason)));

    const Ended ended = ask(agent, {"objects", "insert", "o", "x", "--at", "9"});

    EXPECT_EQ(ended.exit, 1) << reason;
    EXPECT_EQ(ended.out, "");
    EXPECT_TRUE(holds(ended.err, reason)) << ended.err;
  }
}

}  // namespace
}  // namespace cli
