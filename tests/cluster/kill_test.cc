// Agents that are killed, stopped for a while or all restarted at once lose nothing acknowledged.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <iostream>

#include "tests/cluster/kill_loops.h"
#include "tests/cluster/writer.h"

namespace cluster {
namespace {

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// A thousand and more: the program kill_loops (docs/testing.md).
void run_loops(int agents, int count, std::uint64_t seed) {
  KillLoops loops(agents, seed);
  for (int i = 0; i < count && loops.findings().empty(); ++i) loops.run_loop();
  if (loops.findings().empty()) loops.check_everything();

  EXPECT_TRUE(loops.findings().empty()) << joined(loops.findings());
  std::cout << text_of(loops.figures()) << "\n";
}

TEST(Kills, TenLoopsOnThreeAgentsSeed1) { run_loops(3, 10, 1); }
TEST(Kills, TenLoopsOnThreeAgentsSeed2) { run_loops(3, 10, 2); }
TEST(Kills, TenLoopsOnFiveAgentsSeed3) { run_loops(5, 10, 3); }

}  // namespace
}  // namespace cluster
