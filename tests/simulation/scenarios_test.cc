// Seeds that failed once, each with its story. The fix came after the test.

#include <gtest/gtest.h>

#include "tools/simulator/run.h"

namespace simulation {
namespace {

// On a full disk COMMIT failed, and reading the state back failed as well: memory kept a change
// that was not in the file.
TEST(Scenarios, AReloadThatFailsLeavesNothingOfTheTurn) {
  Report report = run(Settings::draw(33, 8));

  EXPECT_TRUE(report.passed()) << text_of(report);
}

}  // namespace
}  // namespace simulation
