#pragma once

// Bounds and times of a replica, with their defaults.

#include "agent/replica/compaction_limits.h"
#include "agent/replica/parked.h"
#include "agent/replica/set_aside.h"
#include "agent/replica/snapshots.h"
#include "agent/replica/state_join.h"
#include "crdt/base/time.h"
#include "crdt/change.h"
#include "crdt/hybrid_time.h"
#include "store/options.h"

namespace agent {

struct ReplicaOptions {
  store::Options store;
  crdt::HybridClock::Options clock;
  std::size_t own_actors_max = 64;  // open actors of this node; above: alarm actors_many
  // Bound of one change. What readers see of a request must fit, else the request is refused. What
  // they do not see may follow in further changes (planner.h).
  std::size_t change_effects_max = crdt::kChangeEffectsMax;
  std::size_t import_effects_max = 32'768;  // in one change of an import
  std::size_t import_bytes_max = 4u << 20;
  JoinLimits join;
  SnapshotLimits snapshots;
  CompactionLimits compaction;
  ParkedLimits parked;             // changes that wait for a predecessor or a dependency
  DatabaseFiles* files = nullptr;  // must outlive the replica; without it nothing is set aside
  base::Duration reopen_interval = base::seconds(1);  // between tries after a disk fault
};

}  // namespace agent
