#pragma once

// What it costs two agents to have known many actors (rule 2 closes those that were left): bytes of
// a reconciliation, and of rest. The histories are made by replicas inside this process.

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

// IP bytes, headers and membership included; beside counts of {0, 1} they show what the actors add.
// Needs an isolated network.
base::Result<Measured> measure_actors(const MeshSetup& setup, const ActorCounts& counts,
                                      const ActorLengths& lengths, const WorkFolder& folder);

}  // namespace bench
