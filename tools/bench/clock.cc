#include "tools/bench/clock.h"

#include <time.h>

namespace bench {
namespace {

std::int64_t nanos_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

}  // namespace

std::int64_t monotonic_nanos() { return nanos_of(CLOCK_MONOTONIC); }
std::int64_t processor_nanos() { return nanos_of(CLOCK_PROCESS_CPUTIME_ID); }

}  // namespace bench
