#include "agent/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace agent {

void keep_standard_streams() {
  // stdin is opened for writing and stdout for reading, so that using them still fails. stderr is
  // opened for both.
  constexpr int kModes[] = {O_WRONLY, O_RDONLY, O_RDWR};
  for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
    if (fcntl(number, F_GETFD) >= 0 || errno != EBADF) continue;
    // open() returns the lowest free number. That is this one, because all numbers below it are
    // open by now.
    if (open("/dev/null", kModes[number]) == number) continue;
    if (open("/", O_RDONLY | O_DIRECTORY) != number) _exit(1);  // a root without /dev/null
  }
}

}  // namespace agent
