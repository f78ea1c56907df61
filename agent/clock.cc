#include "agent/clock.h"

#include <sys/timex.h>
#include <time.h>

#include <algorithm>
#include <cstdint>

namespace agent {
namespace {

std::int64_t nanos_of(clockid_t clock) {
  timespec at{};
  clock_gettime(clock, &at);
  // 64 bits of nanoseconds reach from 1677 to 2262. The clock of a host may be set outside of this
  // range.
  constexpr std::int64_t kSecondsMax = INT64_MAX / 1'000'000'000 - 1;
  std::int64_t seconds = std::clamp<std::int64_t>(at.tv_sec, -kSecondsMax, kSecondsMax);
  return seconds * 1'000'000'000 + at.tv_nsec;
}

// adjtimex costs a system call, and its answer changes rarely, so the answer is kept for a second.
bool kernel_says_synchronised(std::int64_t monotonic) {
  static thread_local std::int64_t asked = INT64_MIN / 2;
  static thread_local bool answer = false;
  if (monotonic - asked < 1'000'000'000) return answer;
  asked = monotonic;
  timex query{};
  int state = adjtimex(&query);
  answer = state >= 0 && state != TIME_ERROR && (query.status & STA_UNSYNC) == 0;
  return answer;
}

}  // namespace

base::Now read_clock() {
  base::Now now;
  now.instant = {nanos_of(CLOCK_MONOTONIC)};
  now.wall_nanos = nanos_of(CLOCK_REALTIME);
  now.wall_synchronised = kernel_says_synchronised(now.instant.nanos);
  return now;
}

std::int64_t build_nanos() { return std::int64_t{HEARSAY_BUILD_SECONDS} * 1'000'000'000; }

}  // namespace agent
