#pragma once

// A terminal of the test's own: the program writes to it, the test reads what arrived.

#include <string>

#include "tests/cli/fake_agent.h"
#include "tests/cli/program.h"

namespace cli {

// What a terminal of this width shows of a command that ends with 0.
std::string on_terminal(const FakeAgent& agent, const Program::Words& words, unsigned short columns,
                        const Program::Words& environment = {});

}  // namespace cli
