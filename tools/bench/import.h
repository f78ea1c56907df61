#pragma once

// Fills agents with entries through their import, and gives readers the names of these entries.

#include <memory>
#include <string>

#include "crdt/base/result.h"
#include "tools/bench/agents.h"
#include "tools/bench/benchmarks.h"

namespace bench {

std::string entry_name(std::uint64_t number);
base::Status import_entries(const Agent& agent, int count);

// An agent alone that holds so many entries, in a folder of its own.
struct FilledAgent {
  WorkFolder folder;
  AgentSetup setup;
  std::unique_ptr<Agent> agent;  // ends before the folder is removed
};
base::Result<FilledAgent> start_filled(const Common& common, const std::string& name, int entries);

}  // namespace bench
