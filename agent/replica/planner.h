#pragma once

// From a client's request to the effects of changes, by what is live now. Reads cells, writes
// nothing.

#include <functional>
#include <vector>

#include "agent/replica/requests.h"
#include "crdt/change_room.h"
#include "store/cell_table.h"

namespace agent {

struct PlanLimits {
  crdt::ChangeRoom
      whole;  // of one change: all that readers see of a request fits, or it is refused
  // Of one change of an import or an object's removal, and of what may be split: smaller, so that
  // peers get it in parts.
  crdt::ChangeRoom part{32'768, 4u << 20, 4u << 20};
};

// One client request becomes one change. It becomes several in a row
// - for an import and the removal of an object, each about different entries;
// - where an entry has more fields than a change can hold: the first change has all that readers
//   see of the request, the others remove the fields that it has hidden (crdt::SplitPlan);
// - where a new value of an object removes more entries than fit: after what it adds.
// `next` is called for each and gives the dot of its first effect.
struct Plan {
  std::vector<crdt::Effect> effects;
};
using PlanSink = std::function<base::Result<crdt::Dot>(Plan)>;

// `time` is what the clock shows for the change. kTooLarge names the bound and what to do.
base::Result<Written> plan_request(store::CellTable& cells, const WriteRequest& request,
                                   const std::function<crdt::HybridTime()>& time,
                                   const PlanLimits& limits, const PlanSink& next);

}  // namespace agent
