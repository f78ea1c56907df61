// Descriptors and terminals in unusual states: closed, non-blocking, narrow.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

#include "tests/cli/fake_agent.h"
#include "tests/cli/program.h"
#include "tests/cli/terminal.h"

namespace cli {
namespace {

void loosen(int descriptor) { fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK); }

// Runs the program with these descriptors as stdin and stdout. Returns its exit status.
int run_on(const Program::Words& arguments, int in, int out) {
  Program::Words words{HEARSAY_CLIENT};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = fork();
  if (pid == 0) {
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string large_list() {
  std::string body = "[";
  for (int i = 0; i < 5'000; ++i) {
    body += (i > 0 ? "," : "") + std::string(R"({"id":"e)") + std::to_string(i) +
            R"(","metadata":{"v":")" + std::string(100, 'x') + "\"}}";
  }
  return body + "]";
}

TEST(Surroundings, APipeInNonBlockingModeIsWaitedFor) {
  FakeAgent agent([](const Seen& request) {
    return request.target.starts_with("/catalog") ? FakeAgent::ok(large_list())
                                                  : FakeAgent::ok(R"({"added":3,"unchanged":0})");
  });
  int in[2];
  int out[2];
  ASSERT_EQ(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
  loosen(in[0]);
  loosen(out[1]);

  int imported = -1;
  std::thread import([&] {
    imported = run_on({"snapshots", "import", "-", "--http", agent.address()}, in[0], out[1]);
  });
  while (agent.connections() == 0) usleep(1'000);  // it waits for input now, or will soon
  for (int i = 0; i < 3; ++i) ASSERT_EQ(write(in[1], "{\"id\":\"x\"}\n", 11), 11);
  close(in[1]);
  import.join();
  int listed = -1;
  std::thread list([&] {
    listed = run_on({"snapshots", "ls", "-o", "jsonl", "--http", agent.address()}, in[0], out[1]);
    close(out[1]);
  });
  std::string text;
  char piece[4096];
  for (ssize_t got; (got = read(out[0], piece, sizeof piece)) > 0;) {
    text.append(piece, static_cast<std::size_t>(got));
  }
  list.join();
  close(in[0]);
  close(out[0]);

  EXPECT_EQ(imported, 0);
  EXPECT_EQ(agent.seen().at(0).body, "{\"id\":\"x\"}\n{\"id\":\"x\"}\n{\"id\":\"x\"}\n");
  EXPECT_EQ(listed, 0);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5'001);
}

int shell(const std::string& command) {
  int status = system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Surroundings, WithStdoutClosedWhatCannotBePrintedIsAnError) {
  FakeAgent agent([](const Seen&) { return FakeAgent::ok(large_list()); });
  const std::string program = HEARSAY_CLIENT " --http " + agent.address();
  Folder folder;
  auto errors = folder.write("errors", "");

  EXPECT_EQ(shell(program + " snapshots ls >&- 2>" + errors), 1);
  EXPECT_EQ(shell("grep -q 'write to stdout: it is closed' " + errors), 0);
  EXPECT_EQ(shell(program + " version >&- 2>/dev/null"), 1);
  EXPECT_EQ(shell(program + " --help >&- 2>/dev/null"), 1);
  EXPECT_EQ(shell(program + " snapshots import - <&- >&- 2>&-"), 1);
  EXPECT_EQ(shell(program + " snapshots ls >/dev/null 2>&-"), 0);
}

// The width of a text whose characters all have one column.
std::size_t characters(const std::string& utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

TEST(Surroundings, ATableEndsAtTheEdgeOfATerminalAndNowhereElse) {
  FakeAgent agent([](const Seen&) {
    return FakeAgent::ok(
        R"([{"name":"a-host-with-a-long-name","node_id":"00","address":)"
        R"("[2001:db8:1111:2222:3333:4444:5555:6666]:7700","state":"alive",)"
        R"("incarnation":1,"rtt_ms":null,"topology":"direct","vector_lag":null}])");
  });
  auto piped = run_program({"members", "--http", agent.address()}).out;
  auto width = characters(piped.substr(0, piped.find('\n')));
  for (unsigned short columns = 1; columns < 140; ++columns) {
    std::istringstream lines(on_terminal(agent, {"members"}, columns));
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
      if (line.ends_with('\r')) line.pop_back();
      EXPECT_LE(characters(line), columns) << line;
      if (columns < width && count == 0) {
        EXPECT_TRUE(line.ends_with("\xE2\x80\xA6")) << columns << line;
      }
    }
    EXPECT_EQ(count, 2u) << columns;
  }
  EXPECT_EQ(piped.find("\xE2\x80\xA6"), std::string::npos);
  EXPECT_NE(piped.find("6666]:7700"), std::string::npos);
}

// The number of columns of a text; it knows only the characters below.
std::size_t columns_on_screen(const std::string& line) {
  static const std::vector<std::pair<std::string, std::size_t>> kSpecial{
      {"日", 2}, {"本", 2}, {"\xCC\x81", 0},     {"✅", 2},       {"⚡", 2}, {"🚀", 2},
      {"ﾊ", 1},  {"…", 1},  {"\xE2\x80\x8D", 0}, {"❤\uFE0F", 2}, {"❤", 1}, {"é", 1}};
  std::size_t columns = 0;
  for (std::size_t at = 0; at < line.size();) {
    auto found = std::find_if(kSpecial.begin(), kSpecial.end(), [&](const auto& special) {
      return line.compare(at, special.first.size(), special.first) == 0;
    });
    bool is_special = found != kSpecial.end();
    columns += is_special ? found->second : 1;
    at += is_special ? found->first.size() : 1;
  }
  return columns;
}

TEST(Surroundings, NoRowIsWiderThanItsTerminalWhateverItsCharacters) {
  std::string hearts;
  for (int i = 0; i < 22; ++i) hearts += "❤\uFE0F";
  const std::string accents = "e\u0301e\u0301e\u0301";
  const std::string body = R"([{"id":"日本日本日本日本日本","metadata":{"n":"✅✅⚡⚡🚀🚀","note":")" +
                           accents + R"("}},{"id":"e\u0301\u0301tude","metadata":{"a":")" + hearts +
                           R"(","b":"ﾊﾊﾊﾊ"}},{"id":"🚀\u200d🚀","metadata":{"plain":")" +
                           std::string(250, 'x') + R"("}}])";
  FakeAgent agent([&](const Seen&) { return FakeAgent::ok(body); });

  for (std::size_t width : {20u, 21u, 22u, 23u, 30u, 39u, 40u, 79u, 80u, 81u, 133u, 200u}) {
    auto columns = static_cast<unsigned short>(width);
    std::string out = on_terminal(agent, {"snapshots", "ls"}, columns);
    std::istringstream lines(out);
    std::size_t widest = 0;
    for (std::string line; std::getline(lines, line);) {
      if (line.ends_with('\r')) line.pop_back();
      EXPECT_LE(columns_on_screen(line), width) << width << ": " << line;
      widest = std::max(widest, columns_on_screen(line));
    }
    EXPECT_GE(widest + 2, width) << "the last row is longer than each of these terminals";
  }
}

}  // namespace
}  // namespace cli
