#include "tools/probe/network.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include <thread>

#include "crdt/base/check.h"

namespace probe {
namespace {

int open_own() { return ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC); }

}  // namespace

base::Result<std::unique_ptr<Network>> Network::make() {
  int made = -1;
  int error = 0;
  // A new thread moves into the namespace and ends; the caller stays where it is.
  std::thread([&] {
    if (::unshare(CLONE_NEWNET) == 0) made = open_own();
    error = errno;
  }).join();
  if (made >= 0) return std::unique_ptr<Network>(new Network(made));
  return base::Error{base::Code::kForbidden,
                     std::string("make a network namespace: ") + ::strerror(error)};
}

Network::~Network() { ::close(descriptor_); }

std::string Network::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(descriptor_);
}

InNetwork::InNetwork(const Network* network) {
  if (network == nullptr) return;
  before_ = open_own();
  CHECK(before_ >= 0);
  CHECK(::setns(network->descriptor(), CLONE_NEWNET) == 0);
}

InNetwork::~InNetwork() {
  if (before_ < 0) return;
  CHECK(::setns(before_, CLONE_NEWNET) == 0);
  ::close(before_);
}

}  // namespace probe
