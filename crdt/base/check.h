#pragma once

// CHECK aborts on an error that only our own code can cause, also in release builds. Data from a
// peer or a client is never CHECKed: it is checked and answered with a Result.

namespace base {

[[noreturn]] void check_failed(const char* file, int line, const char* condition) noexcept;

}  // namespace base

#define CHECK(condition)                       \
  (__builtin_expect(!!(condition), 1) ? void() \
                                      : ::base::check_failed(__FILE__, __LINE__, #condition))
