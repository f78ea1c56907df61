// The forms of output: tables, colours, JSON.

#include <gtest/gtest.h>

#include "tests/cli/answers.h"
#include "tests/cli/terminal.h"

namespace cli {
namespace {

TEST(Output, TablesAreAlignedByCharactersAndCannotMoveTheTerminal) {
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

TEST(Output, ColourIsForTerminalsThatWantIt) {
  FakeAgent agent(always(FakeAgent::ok(kMembers)));

  auto colour = on_terminal(agent, {"members"}, 40, {"TERM=xterm"});
  auto refused = on_terminal(agent, {"members"}, 40, {"TERM=xterm", "NO_COLOR=1"});
  auto dumb = on_terminal(agent, {"members"}, 40, {"TERM=dumb"});

  EXPECT_TRUE(holds(colour, "\x1B[32malive\x1B[0m")) << colour;
  EXPECT_TRUE(holds(colour, "\x1B[31mdead\x1B[0m")) << colour;
  EXPECT_TRUE(holds(refused, "alive"));
  EXPECT_FALSE(holds(refused, "\x1B"));
  EXPECT_FALSE(holds(dumb, "\x1B"));
}

TEST(Output, JsonIsTheAnswerUnchangedAndJsonLinesItsElements) {
  FakeAgent agent(always(FakeAgent::ok(kMembers)));

  auto json = ask(agent, {"members", "-o", "json"});
  auto lines = ask(agent, {"members", "-o", "jsonl"});

  EXPECT_EQ(json.out, kMembers);
  std::string all = kMembers;
  auto cut = all.find(", {");
  EXPECT_EQ(lines.out,
            all.substr(1, cut - 1) + "\n" + all.substr(cut + 2, all.size() - cut - 3) + "\n");
}

}  // namespace
}  // namespace cli
