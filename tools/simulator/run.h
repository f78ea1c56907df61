#pragma once

// One run: chaos, healing, quiet, checks. And many runs.

#include <functional>
#include <optional>

#include "tools/simulator/cluster.h"

namespace simulation {

// `line` gets every line of the trace. Without it only a failed run keeps its last lines.
Report run(const Settings& settings, std::function<void(const std::string&)> line = nullptr);

// After the last fault: waits until all agents are equal and know each other, then for a quiet time
// in which nothing may travel but the repair of damage that a scrub finds, and judges.
void heal(const Settings& settings, Cluster& cluster, Report& report);

struct SweepOptions {
  std::uint64_t first = 1;
  std::uint64_t count = 100;
  std::size_t nodes_min = 5;
  std::size_t nodes_max = 9;
  std::size_t jobs = 1;        // threads
  bool stop_at_first = false;  // ends the sweep at the first failed seed
  // Per cent of the requests that are on objects of the replicated types. None: the seed decides.
  std::optional<std::uint64_t> objects_percent;
  // Of one run of the sweep.
  Settings settings(std::uint64_t seed, std::size_t nodes) const;
};
// `each` is called for every report, in the order in which the runs end.
Tally sweep(const SweepOptions& options, const std::function<void(const Report&)>& each);

}  // namespace simulation
