#pragma once

// Time for the machines: it is always an argument; a machine never asks a clock. `Instant` is
// monotonic; timers and membership use it (rule 14). The wall clock is used for stamps only and is
// not trusted (rule 9). All units are nanoseconds.

#include <compare>
#include <cstdint>

namespace base {

struct Duration {
  std::int64_t nanos = 0;
  auto operator<=>(const Duration&) const = default;
  constexpr Duration operator*(std::int64_t n) const { return {nanos * n}; }
  constexpr Duration operator/(std::int64_t n) const { return {nanos / n}; }
  constexpr Duration operator+(Duration d) const { return {nanos + d.nanos}; }
  constexpr Duration operator-(Duration d) const { return {nanos - d.nanos}; }
  constexpr std::int64_t millis() const { return nanos / 1'000'000; }
};
constexpr Duration nanos(std::int64_t n) { return {n}; }
constexpr Duration micros(std::int64_t n) { return {n * 1'000}; }
constexpr Duration millis(std::int64_t n) { return {n * 1'000'000}; }
constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000'000}; }

// A point on the monotonic clock of this process.
struct Instant {
  std::int64_t nanos = 0;
  auto operator<=>(const Instant&) const = default;
  constexpr Instant operator+(Duration d) const { return {nanos + d.nanos}; }
  constexpr Instant operator-(Duration d) const { return {nanos - d.nanos}; }
  constexpr Duration operator-(Instant other) const { return {nanos - other.nanos}; }
  static constexpr Instant never() { return {INT64_MAX}; }
};

// The times that a driver passes when it calls a machine.
struct Now {
  Instant instant;
  std::int64_t wall_nanos = 0;     // since the Unix epoch
  bool wall_synchronised = false;  // the kernel reports a disciplined clock (adjtimex)
};

}  // namespace base
