#pragma once

// Turns a client's request into the effects of changes. It reads the present cells and writes
// nothing.

#include <functional>
#include <vector>

#include "agent/replica/requests.h"
#include "crdt/change_room.h"
#include "store/cell_table.h"

namespace agent {

struct PlanLimits {
  crdt::ChangeRoom whole;  // of one change: a request must fit, else it is refused
  // For one change of an import, or of the removal of an object. Smaller than a whole change, so
  // that peers get it in parts.
  crdt::ChangeRoom part{32'768, 4u << 20, 4u << 20};
};

// One client request becomes one change, except in these cases, where it becomes several changes in
// a row:
// - an import, and the removal of an object: each change has different entries;
// - a new value of an object removes more entries than fit: they are removed after the new ones are
// added.
// `next` is called for each change and returns the dot of its first effect.
struct Plan {
  std::vector<crdt::Effect> effects;
  const std::vector<OpDone>& ops;  // of a WriteObject: Written::ops
};
using PlanSink = std::function<base::Result<crdt::Dot>(Plan)>;

// Who writes. Both may make a new actor, so they are asked only when something is written.
struct PlanAuthor {
  std::function<crdt::HybridTime()> time;  // of the change that is planned
  std::function<crdt::Dot()> first_dot;    // of it
};

// The error kTooLarge names the bound and what to do.
base::Result<Written> plan_request(store::CellTable& cells, const WriteRequest& request,
                                   const PlanAuthor& author, const PlanLimits& limits,
                                   const PlanSink& next);

}  // namespace agent
