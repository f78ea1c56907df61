#pragma once

// The clock of every measurement. It is monotonic, and the same for all processes of a host.

#include <chrono>
#include <cstdint>

namespace bench {

std::int64_t monotonic_nanos();
// Processor time of this process. On a busy host it says more about the work than the time does.
std::int64_t processor_nanos();
inline double millis_of(std::int64_t nanos) { return static_cast<double>(nanos) / 1e6; }
inline double seconds_of(std::int64_t nanos) { return static_cast<double>(nanos) / 1e9; }

inline constexpr std::int64_t kSecond = 1'000'000'000;

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace bench
