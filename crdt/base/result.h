#pragma once

// Result<T>: a value, or an Error with a code and a message. The message says what was tried and
// with which value ("open /data/a.db: disk full"). One table (code_info) gives each code its wire
// name, HTTP status and exit code. An exception of a library is caught where the library is called.

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "crdt/base/check.h"

namespace base {

enum class Code {
  kInvalid,        // the caller's input is malformed
  kNotFound,       // no such thing
  kMethod,         // the thing exists, but not with this verb
  kTooLarge,       // a named bound was exceeded
  kConflict,       // the state forbids it (directory in use, type mismatch)
  kForbidden,      // not allowed (Origin header)
  kUnauthorized,   // no or wrong credentials
  kMisdirected,    // a foreign Host header
  kUnprocessable,  // understood, but not supported
  kTimeout,        // took longer than its limit
  kBusy,           // a queue is full; try again
  kRateLimited,    // this caller asks too often; try again later
  kDiskFull,       // no space; reads go on
  kReadOnly,       // writing is stopped by a fault of the disk
  kIndeterminate,  // the outcome is not known (I/O error in COMMIT)
  kCorrupt,        // a checksum or an invariant of stored data failed
  kUnavailable,    // cannot connect, or not ready yet
  kInternal,       // an error in our own code
};

struct CodeInfo {
  std::string_view name;  // in JSON errors: "not_found"
  int http_status;
  int exit_code;
};
const CodeInfo& code_info(Code code);

struct Error {
  Code code;
  std::string message;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    CHECK(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

struct Done {};

// The result of a function that can fail and returns nothing.
class [[nodiscard]] Status : public Result<Done> {
 public:
  Status() : Result<Done>(Done{}) {}
  Status(Error error) : Result<Done>(std::move(error)) {}  // NOLINT: implicit by design
};

inline Error invalid(std::string message) { return {Code::kInvalid, std::move(message)}; }

}  // namespace base

// Returns the error of `expression` from the function, if it has one.
#define RETURN_IF_ERROR(expression)                                         \
  do {                                                                      \
    if (auto status_ = (expression); !status_.ok()) return status_.error(); \
  } while (false)

// ASSIGN_OR_RETURN(auto x, f()): x takes the value, or the function returns the error.
#define HEARSAY_CONCAT_(a, b) a##b
#define HEARSAY_CONCAT(a, b) HEARSAY_CONCAT_(a, b)
#define ASSIGN_OR_RETURN(target, expression) \
  ASSIGN_OR_RETURN_(HEARSAY_CONCAT(result_, __LINE__), target, expression)
#define ASSIGN_OR_RETURN_(result, target, expression) \
  auto result = (expression);                         \
  if (!result.ok()) return result.error();            \
  target = std::move(result).value()
