#include "agent/line_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <utility>

#include "agent/log.h"
#include "crdt/base/check.h"

namespace agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A pipe whose writing end is full until somebody reads.
class FullPipe {
 public:
  FullPipe() {
    EXPECT_EQ(pipe2(ends_, O_CLOEXEC), 0);
    EXPECT_GT(fcntl(ends_[1], F_SETPIPE_SZ, 4096), 0);
    fcntl(ends_[1], F_SETFL, O_NONBLOCK);
    while (write(ends_[1], ".", 1) == 1) ++filled_;
    fcntl(ends_[1], F_SETFL, 0);
  }
  ~FullPipe() {
    close_writer();
    close(ends_[0]);
  }
  int writer() const { return ends_[1]; }
  void close_writer() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }
  // Reads up to and including `last`, and returns the text without the filling.
  std::string read_until(const std::string& last) {
    std::string text;
    char buffer[512];
    while (text.find(last) == std::string::npos) {
      ssize_t got = read(ends_[0], buffer, sizeof buffer);
      if (got <= 0) break;
      text.append(buffer, static_cast<std::size_t>(got));
    }
    return text.substr(std::exchange(filled_, 0));
  }

 private:
  int ends_[2] = {-1, -1};
  std::size_t filled_ = 0;
};

LineWriter::LostLine words() {
  return [](std::uint64_t lost) { return "lost " + std::to_string(lost) + "\n"; };
}

TEST(LineWriter, NobodyWaitsForAReaderThatStandsStill) {
  FullPipe pipe;
  LineWriterOptions options;
  options.bytes_max = 1'000;
  options.linger = milliseconds(50);
  auto began = steady_clock::now();
  {
    LineWriter writer(pipe.writer(), options, words());
    for (int i = 0; i < 1'000; ++i) writer.write("0123456789\n");
    EXPECT_EQ(writer.lost(), 1'000U - 90U);
  }
  EXPECT_LT(steady_clock::now() - began, milliseconds(5'000));
  pipe.read_until("0123456789\n");  // the thread that was left behind ends
}

TEST(LineWriter, LinesKeepTheirOrderAndWhatWasLostIsToldOnce) {
  FullPipe pipe;
  LineWriterOptions options;
  options.bytes_max = 100;
  LineWriter writer(pipe.writer(), options, words());
  std::string expected;
  for (int i = 0; i < 10; ++i) {
    std::string line = "line " + std::to_string(i) + "...\n";
    writer.write(line);
    expected += line;
  }
  for (int i = 0; i < 7; ++i) writer.write("this one is lost\n");

  std::string first = pipe.read_until("lost 7\n");
  writer.write("after\n");

  EXPECT_EQ(first, expected + "lost 7\n");
  EXPECT_EQ(pipe.read_until("after\n"), "after\n");
  EXPECT_EQ(writer.lost(), 7U);
}

TEST(LineWriter, TheLastLinesArriveBeforeTheEnd) {
  FullPipe pipe;
  std::string text;
  std::thread reader([&] { text = pipe.read_until("line 99\n"); });
  {
    LineWriter writer(pipe.writer(), {}, words());
    for (int i = 0; i < 100; ++i) writer.write("line " + std::to_string(i) + "\n");
  }
  pipe.close_writer();
  reader.join();

  EXPECT_NE(text.find("line 98\nline 99\n"), std::string::npos) << text;
}

// Another process has made the descriptor non-blocking. No line is lost because of that.
TEST(LineWriter, ADescriptorThatDoesNotBlockIsWaitedFor) {
  FullPipe pipe;
  fcntl(pipe.writer(), F_SETFL, O_NONBLOCK);
  LineWriter writer(pipe.writer(), {}, words());

  writer.write("here\n");

  EXPECT_EQ(pipe.read_until("here\n"), "here\n");
  EXPECT_EQ(writer.lost(), 0U);
}

TEST(LineWriter, AReaderThatIsGoneEndsNobody) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  close(ends[0]);
  {
    LineWriter writer(ends[1], {}, words());
    for (int i = 0; i < 3; ++i) writer.write("nobody reads\n");
  }
  close(ends[1]);
}

// These programs end, and each is a process that is started anew. A fork of this one would be a
// child of many threads, and such a child may not start its own (the thread sanitizer ends it).
class LineWriterOfAProgram : public testing::Test {
 protected:
  LineWriterOfAProgram() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  // Stderr of the program becomes `pipe`. A program that does not end is killed after 10 s.
  static void begin(const FullPipe& pipe) {
    dup2(pipe.writer(), STDERR_FILENO);
    alarm(10);
  }
};

TEST_F(LineWriterOfAProgram, ALogWhoseReaderStandsStillLetsItEnd) {
  FullPipe pipe;
  auto program = [&pipe] {
    begin(pipe);
    {
      Log log(LogOptions{});
      for (int i = 0; i < 100; ++i) log.info("event", {}, std::to_string(i));
      if (log.lost_lines() != 0) _exit(1);  // they wait, and fit
    }
    _exit(0);
  };

  EXPECT_EXIT(program(), testing::ExitedWithCode(0), "");
}

TEST_F(LineWriterOfAProgram, AFatalCheckEndsItWhoeverReads) {
  FullPipe pipe;
  auto program = [&pipe] {
    begin(pipe);
    Log log(LogOptions{});
    log.info("before");
    CHECK(1 + 1 == 3);
  };

  EXPECT_EXIT(program(), testing::KilledBySignal(SIGABRT), "");
}

TEST_F(LineWriterOfAProgram, WhatWasLoggedBeforeAFatalCheckComesOutAndSoDoesTheCheck) {
  auto program = [] {
    Log log(LogOptions{});
    for (int i = 0; i < 50; ++i) log.info("before", {{"number", i}}, std::to_string(i));
    CHECK(1 + 1 == 3);
  };

  EXPECT_DEATH(program(),
               "before number=49(.|\n)*CHECK failed: 1 \\+ 1 == 3|CHECK failed: 1 \\+ 1 == 3(.|\n)*"
               "before number=49");
}

}  // namespace
}  // namespace agent
