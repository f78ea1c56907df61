#pragma once

// Fills an agent with entries through its import, and gives readers the names of these entries.

#include <string>

#include "crdt/base/result.h"
#include "tools/bench/agents.h"

namespace bench {

std::string entry_name(std::uint64_t number);
base::Status import_entries(const Agent& agent, int count);

}  // namespace bench
