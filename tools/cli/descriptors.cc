#include "tools/cli/descriptors.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace cli {
namespace {

// Whether the failed call must be made again. Waits until that can succeed, if necessary.
bool again(int descriptor, short event) {
  if (errno == EINTR) return true;
  if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
  pollfd wanted{descriptor, event, 0};
  return poll(&wanted, 1, -1) > 0 || errno == EINTR;
}

}  // namespace

int write_all(int descriptor, std::string_view data) {
  while (!data.empty()) {
    auto count = write(descriptor, data.data(), data.size());
    if (count > 0) {
      data.remove_prefix(static_cast<std::size_t>(count));
    } else if (count == 0 || !again(descriptor, POLLOUT)) {
      return count == 0 ? EIO : errno;
    }
  }
  return 0;
}

ssize_t read_some(int descriptor, char* buffer, std::size_t size) {
  while (true) {
    auto count = read(descriptor, buffer, size);
    if (count >= 0 || !again(descriptor, POLLIN)) return count;
  }
}

}  // namespace cli
