#pragma once

// The faults and measurements of `hearsay-bench mesh`, each on its own mesh.

#include <map>
#include <string>
#include <vector>

#include "crdt/base/result.h"
#include "tools/bench/mesh_run.h"

namespace bench {

// Measured values by name and unit, for example "crash: all members know, s".
using Measured = std::map<std::string, std::vector<double>>;

// Members crash (SIGKILL) or fall silent (SIGSTOP), one at a time: the seconds until the first
// other member reports it, and until all do.
base::Result<Measured> measure_crashes(const MeshSetup& setup, int members, int runs,
                                       const WorkFolder& folder);
// A fifth of the members are cut off for 3 s of every 4; afterwards datagrams are lost. Counts how
// often a healthy member was held for dead. Needs an isolated network.
base::Result<Measured> measure_faults(const MeshSetup& setup, int members, int seconds,
                                      const std::vector<int>& loss_percents,
                                      const WorkFolder& folder);
// All links are down for some time: the seconds afterwards until all members see each other, and
// until all hold the same data (Hearsay only, with a write on two sides in between).
base::Result<Measured> measure_outage(const MeshSetup& setup, int members, int seconds,
                                      const WorkFolder& folder);
// At rest: IP bytes that each member sends in a second, and processor time of each member.
base::Result<Measured> measure_idle(const MeshSetup& setup, int members, int seconds,
                                    const WorkFolder& folder);
// One of two agents misses some changes: the seconds from its start until both are equal, and the
// bytes that it received, divided by the bytes of the changes if the log still has them.
base::Result<Measured> measure_behind(const MeshSetup& setup, int changes,
                                      const WorkFolder& folder);

}  // namespace bench
