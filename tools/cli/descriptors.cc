#include "tools/cli/descriptors.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

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

base::Error file_error(std::string_view verb, const std::string& path) {
  const int cause = errno;
  const bool forbidden = cause == EACCES || cause == EPERM;
  return {forbidden ? base::Code::kForbidden : base::Code::kInvalid,
          fmt::format("{} {}: {}", verb, path, std::strerror(cause))};
}

}  // namespace cli
