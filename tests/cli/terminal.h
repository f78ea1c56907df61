#pragma once

// A pseudo-terminal: the program writes to it, and the test reads what arrived.

#include <string>

#include "tests/cli/fake_agent.h"
#include "tests/cli/program.h"

namespace cli {

// Runs a command that must end with 0, and returns what a terminal of this width shows.
std::string on_terminal(const FakeAgent& agent, const Program::Words& words, unsigned short columns,
                        const Program::Words& environment = {});

}  // namespace cli
