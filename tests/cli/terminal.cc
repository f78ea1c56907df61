#include "tests/cli/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace cli {

std::string on_terminal(const FakeAgent& agent, const Program::Words& words, unsigned short columns,
                        const Program::Words& environment) {
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  EXPECT_EQ(grantpt(master) | unlockpt(master), 0);
  std::string name = ptsname(master);
  int held = open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);  // keeps the output
  winsize size{24, columns, 0, 0};
  ioctl(master, TIOCSWINSZ, &size);
  auto arguments = words;
  arguments.insert(arguments.end(), {"--http", agent.address()});
  EXPECT_EQ(run_program(arguments, "", environment, name).exit, 0);
  // The kernel hands the output over in parts, and later than the program ends.
  constexpr std::string_view kEnd = "<end>";
  EXPECT_EQ(write(held, kEnd.data(), kEnd.size()), static_cast<ssize_t>(kEnd.size()));
  std::string out;
  while (!out.ends_with(kEnd)) {
    char part[4'096];
    const ssize_t count = read(master, part, sizeof(part));
    EXPECT_GT(count, 0);
    if (count <= 0) break;
    out.append(part, static_cast<std::size_t>(count));
  }
  out.resize(out.size() - std::min(out.size(), kEnd.size()));
  close(held);
  close(master);
  return out;
}

}  // namespace cli
