#pragma once

// The commands of `hearsay`. Data goes to stdout, messages to stderr; exit.h has the exit codes.
// Every command except `agent`, `keygen`, `apikey`, `tls` and `version` is a client of the agent's
// HTTP port.

#include <functional>

#include "agent/config.h"

namespace cli {

// Runs the agent until it is stopped; returns the exit code of the program.
using AgentEntry = std::function<int(const agent::Config&)>;

// Signals that were held (agent/held_signals.h) are released for every command except `agent`.
int run(int argc, char** argv, const AgentEntry& agent);

}  // namespace cli
