#include "tests/support/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

namespace support {
namespace {

using namespace std::chrono_literals;

bool alive(pid_t pid) { return ::kill(pid, 0) == 0; }

TEST(ScopedDirectory, GoesWithAllThatIsInIt) {
  std::filesystem::path path;
  {
    ScopedDirectory directory;
    path = directory.path();
    std::filesystem::create_directories(directory / "a/b");
    write_file(directory / "a/b/c", "text");
    EXPECT_EQ(read_file(directory / "a/b/c"), "text");
  }

  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Process, KeepsOutputAndErrorsApartAndTellsTheStatus) {
  auto outcome = run({{"sh", "-c", "echo out; echo err >&2; exit 7"}, {}, {}, {}});

  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->status, 7);
  EXPECT_EQ(outcome->output, "out\n");
  EXPECT_EQ(outcome->errors, "err\n");
}

TEST(Process, ReadsItsInputToTheEnd) {
  auto outcome = run({{"wc", "-c"}, {}, std::string(100'000, 'x'), {}});

  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(std::stoi(outcome->output), 100'000);
}

TEST(Process, SeesItsOwnVariablesButNoneOfHearsayFromOutside) {
  ::setenv("HEARSAY_OUTSIDE", "leaks", 1);
  ::setenv("SUPPORT_TEST", "outside", 1);
  Command command{{"sh", "-c", "echo $HEARSAY_OUTSIDE,$HEARSAY_INSIDE,$SUPPORT_TEST"}, {}, {}, {}};
  command.environment = {{"HEARSAY_INSIDE", "in"}, {"SUPPORT_TEST", "inside"}};

  auto outcome = run(command);

  ::unsetenv("HEARSAY_OUTSIDE");
  ::unsetenv("SUPPORT_TEST");
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->output, ",in,inside\n");
}

TEST(Process, RunsInItsDirectory) {
  ScopedDirectory directory;

  auto outcome = run({{"pwd", "-P"}, {}, {}, directory.path()});

  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->output, std::filesystem::canonical(directory.path()).string() + "\n");
}

TEST(Process, ASignalThatEndsItShowsInTheStatus) {
  auto process = Process::start({{"sleep", "60"}, {}, {}, {}});
  ASSERT_TRUE(process.ok());
  ASSERT_TRUE((*process)->running());

  (*process)->signal(SIGTERM);

  EXPECT_EQ((*process)->wait(5s), 128 + SIGTERM);
  EXPECT_FALSE((*process)->running());
}

TEST(Process, WaitGivesUpAfterItsTimeout) {
  auto process = Process::start({{"sleep", "60"}, {}, {}, {}});
  ASSERT_TRUE(process.ok());

  EXPECT_EQ((*process)->wait(30ms), std::nullopt);
  EXPECT_FALSE(run({{"sleep", "60"}, {}, {}, {}}, 30ms).ok());
}

TEST(Process, IsKilledWhenItGoesOutOfScope) {
  pid_t pid = 0;
  {
    auto process =
        Process::start({{"sh", "-c", "trap '' TERM; while :; do sleep 1; done"}, {}, {}, {}});
    ASSERT_TRUE(process.ok());
    pid = (*process)->pid();
    ASSERT_TRUE(alive(pid));
  }

  EXPECT_FALSE(alive(pid));
}

TEST(Process, AProgramThatDoesNotExistIsStatus127) {
  auto outcome = run({{"hearsay-no-such-program"}, {}, {}, {}});

  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->status, 127);
  EXPECT_FALSE(Process::start({{}, {}, {}, {}}).ok());
}

TEST(Eventually, TellsWhetherItHappenedInTime) {
  int asked = 0;

  EXPECT_TRUE(eventually(5s, [&] { return ++asked == 3; }));
  EXPECT_EQ(asked, 3);
  EXPECT_FALSE(eventually(20ms, [] { return false; }));
}

}  // namespace
}  // namespace support
