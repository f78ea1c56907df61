#pragma once

// How commands end and print messages. Messages go to stderr and are safe for a terminal.

#include <string_view>

#include "crdt/base/result.h"

namespace cli {

enum Exit : int {
  kDone = 0,
  kError = 1,
  kUsage = 2,
  kNoConnection = 3,
  kNotFound = 4,
  kUnhealthy = 5,
  kNotAllowed = 6,
  kTimedOut = 7,
  kInterrupted = 130,
};

void say(std::string_view message);
int fail(const base::Error& error);         // prints it; returns code_info().exit_code
int usage_error(std::string_view message);  // prints it; returns kUsage

}  // namespace cli
