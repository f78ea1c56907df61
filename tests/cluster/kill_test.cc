// Agents that are killed, stopped for a while or all restarted at once lose nothing acknowledged.

#include <gtest/gtest.h>

#include <iostream>

#include "tests/cluster/kill_loops.h"

namespace cluster {
namespace {

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// The program kill_loops runs a thousand and more (docs/testing.md).
void run_loops(int count, const KillOptions& options) {
  KillLoops loops(options);
  for (int i = 0; i < count && loops.findings().empty(); ++i) loops.run_loop();
  if (loops.findings().empty()) loops.check_everything();

  EXPECT_TRUE(loops.findings().empty()) << joined(loops.findings());
  std::cout << text_of(loops.figures()) << "\n";
}

TEST(Kills, TenLoopsOnThreeAgents) { run_loops(10, {.agents = 3, .seed = 1}); }
TEST(Kills, TenMoreLoopsOnThreeAgents) { run_loops(10, {.agents = 3, .seed = 2}); }
TEST(Kills, TenLoopsOnFiveAgents) { run_loops(10, {.agents = 5, .seed = 3}); }
TEST(Kills, WithPausesThatLookLikeDeath) {
  run_loops(5, {.agents = 4, .seed = 5, .pause_max = Millis{2'500}});
}

}  // namespace
}  // namespace cluster
