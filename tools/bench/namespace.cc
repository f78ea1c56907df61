#include "tools/bench/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "crdt/base/check.h"

namespace bench {
namespace {

constexpr const char* kOwn = "/proc/thread-self/ns/net";

base::Error failed(const char* what) {
  return {base::Code::kUnavailable, std::string(what) + ": " + ::strerror(errno)};
}

}  // namespace

base::Result<Namespace> Namespace::make() {
  int before = ::open(kOwn, O_RDONLY | O_CLOEXEC);
  if (before < 0) return failed("open the network namespace");
  base::Result<Namespace> made = failed("make a network namespace");
  if (::unshare(CLONE_NEWNET) == 0) {
    made = Namespace(::open(kOwn, O_RDONLY | O_CLOEXEC));
    CHECK(::setns(before, CLONE_NEWNET) == 0);
  } else {
    made = failed("make a network namespace");
  }
  ::close(before);
  return made;
}

Namespace::Namespace(Namespace&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}

Namespace& Namespace::operator=(Namespace&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}

Namespace::~Namespace() {
  if (handle_ >= 0) ::close(handle_);
}

base::Status Namespace::inside(const std::function<base::Status()>& what) const {
  int before = ::open(kOwn, O_RDONLY | O_CLOEXEC);
  if (before < 0) return failed("open the network namespace");
  base::Status done = failed("enter a network namespace");
  if (::setns(handle_, CLONE_NEWNET) == 0) {
    done = what();
    CHECK(::setns(before, CLONE_NEWNET) == 0);
  }
  ::close(before);
  return done;
}

}  // namespace bench
