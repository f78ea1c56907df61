#include "tests/support/eventually.h"

#include <thread>

namespace support {
namespace {

constexpr Millis kPause{10};

}  // namespace

bool eventually(Millis timeout, const std::function<bool()>& predicate) {
  auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!predicate()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

}  // namespace support
