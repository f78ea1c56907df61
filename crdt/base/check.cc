#include "crdt/base/check.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace base {
namespace {

constexpr int kReaderMillis = 500;
constexpr unsigned kWriteSeconds = 2;

// The process that reads our errors may not read, and our process must end all the same. A full
// pipe or a stopped terminal gets half a second, and an alarm ends a write that still hangs.
void say_last(const char* text, std::size_t size) noexcept {
  signal(SIGALRM, SIG_DFL);
  alarm(kWriteSeconds);
  pollfd room{STDERR_FILENO, POLLOUT, 0};
  if (poll(&room, 1, kReaderMillis) > 0) {
    [[maybe_unused]] auto written = ::write(STDERR_FILENO, text, size);
  }
}

}  // namespace

void check_failed(const char* file, int line, const char* condition) noexcept {
  char text[1024];
  int size = std::snprintf(text, sizeof text, "%s:%d: CHECK failed: %s\n", file, line, condition);
  if (size > 0)
    say_last(text, std::min<std::size_t>(static_cast<std::size_t>(size), sizeof text - 1));
  std::abort();
}

}  // namespace base
