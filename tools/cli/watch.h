#pragma once

#include <string>

#include "tools/cli/session.h"

namespace cli {

// Prints changes as they arrive, of one object or of all (empty). Connects again where a connection
// breaks and goes on behind the last event; kNoConnection when the agent stays away for 10 s.
int watch(Session& session, const std::string& object);

}  // namespace cli
