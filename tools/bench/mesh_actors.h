#pragma once

// The cost for two agents of having known many actors (rule 2 closes actors that were left): bytes
// of a reconciliation, and bytes at rest. Replicas inside this process make the histories.

#include "tools/bench/mesh_rows.h"

namespace bench {

struct ActorCounts {
  int closed = 10'000;
  int live = 1'000;  // at least 1
};

struct ActorLengths {
  int rounds = 5;
  int idle_seconds = 30;
};

// IP bytes with headers and membership. Compare with the counts {0, 1} to see what the actors add.
// Needs an isolated network.
base::Result<Measured> measure_actors(const MeshSetup& setup, const ActorCounts& counts,
                                      const ActorLengths& lengths, const WorkFolder& folder);

}  // namespace bench
