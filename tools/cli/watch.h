#pragma once

// The command `watch`: changes as they arrive.

#include <string>
#include <vector>

#include "tools/cli/session.h"

namespace cli {

struct Watched {
  std::string object;                 // empty: all, unless there are prefixes
  std::vector<std::string> prefixes;  // of names of objects
  bool values = false;                // print first what the objects show now
};

// Prints changes as they arrive. When the connection breaks it connects again and goes on after the
// last event. kNoConnection when that fails for 10 s.
int watch(Session& session, const Watched& watched);

}  // namespace cli
