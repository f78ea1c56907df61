#pragma once

// The command tree of `hearsay`. Data goes to stdout, messages to stderr; the exit codes are in
// exit.h. Everything but `agent`, `keygen` and `version` is a client of the agent's HTTP port.

#include <functional>

#include "agent/config.h"

namespace cli {

// Runs the agent until it is told to stop; returns the exit code of the program.
using AgentEntry = std::function<int(const agent::Config&)>;

// Signals that were held (agent/held_signals.h) are released for every command but `agent`.
int run(int argc, char** argv, const AgentEntry& agent);

}  // namespace cli
