#pragma once

#include <string>

#include "tools/cli/session.h"

namespace cli {

// Prints changes as they arrive, of one object or of all (empty). When the connection breaks it
// connects again and goes on after the last event. kNoConnection when that fails for 10 s.
int watch(Session& session, const std::string& object);

}  // namespace cli
