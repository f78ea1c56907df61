#include "agent/descriptors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace agent {

base::Status check_descriptors() {
  constexpr std::size_t kNeeded = 32;  // an agent with a few peers and clients has about as many
  std::vector<int> taken;
  while (taken.size() < kNeeded) {
    const int next = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    if (next < 0) break;
    taken.push_back(next);
  }
  for (int descriptor : taken) ::close(descriptor);
  if (taken.size() == kNeeded) return {};
  return base::Error{
      base::Code::kUnavailable,
      fmt::format("this process may open {} more file descriptors, an agent needs at "
                  "least {}; raise the limit (ulimit -n, or LimitNOFILE of systemd)",
                  taken.size(), kNeeded)};
}

std::size_t raise_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kDescriptorsWanted;
  rlim_t wanted = std::min<rlim_t>(limit.rlim_max, kDescriptorsWanted);
  if (limit.rlim_cur < wanted) {
    rlimit raised{wanted, limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit.rlim_cur = wanted;
  }
  return static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur, kDescriptorsWanted));
}

}  // namespace agent
