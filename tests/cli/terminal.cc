#include "tests/cli/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

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
  std::string out(16 * 1024, '\0');
  out.resize(static_cast<std::size_t>(std::max<ssize_t>(read(master, out.data(), out.size()), 0)));
  close(held);
  close(master);
  return out;
}

}  // namespace cli
