#pragma once

// What `hearsay-bench mesh` does to a mesh and measures, each on a mesh of its own.

#include <map>
#include <string>
#include <vector>

#include "crdt/base/result.h"
#include "tools/bench/mesh_run.h"

namespace bench {

// By what was measured, with its unit: "crash known to all, s".
using Measured = std::map<std::string, std::vector<double>>;

// Members crash (SIGKILL) and fall silent (SIGSTOP), one at a time: seconds until the first and
// until all others say so.
base::Result<Measured> measure_crashes(const MeshSetup& setup, int members, int runs,
                                       const WorkFolder& folder);
// A fifth of the members are cut off 3 s of every 4; then datagrams are lost. Counts how often
// somebody held a healthy member for dead. Needs an isolated network.
base::Result<Measured> measure_faults(const MeshSetup& setup, int members, int seconds,
                                      const std::vector<int>& loss_percents,
                                      const WorkFolder& folder);
// All links down for so long: seconds after it until all see all again, and until all hold the same
// (of Hearsay, with a write on two sides meanwhile).
base::Result<Measured> measure_outage(const MeshSetup& setup, int members, int seconds,
                                      const WorkFolder& folder);
// At rest: IP bytes sent a second and member, processor time a member.
base::Result<Measured> measure_idle(const MeshSetup& setup, int members, int seconds,
                                    const WorkFolder& folder);
// One of two agents misses that many changes: seconds from its start until both are equal; bytes it
// received, over the bytes of the changes where the log still holds them.
base::Result<Measured> measure_behind(const MeshSetup& setup, int changes,
                                      const WorkFolder& folder);

}  // namespace bench
