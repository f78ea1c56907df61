#pragma once

// CHECK aborts on what can only be our own fault, in release builds too. What a peer or a client
// sends is never CHECKed: it is judged and answered with a Result.

namespace base {

[[noreturn]] void check_failed(const char* file, int line, const char* condition) noexcept;

}  // namespace base

#define CHECK(condition)                       \
  (__builtin_expect(!!(condition), 1) ? void() \
                                      : ::base::check_failed(__FILE__, __LINE__, #condition))
