#pragma once

// From a client's request to the effects of a change, by what is live now. Reads cells, writes
// nothing.

#include <functional>
#include <vector>

#include "agent/replica/requests.h"
#include "store/cell_table.h"

namespace agent {

struct PlanLimits {
  std::size_t effects_max = 32'768;  // of one change of an import or an object's removal
  std::size_t bytes_max = 4u << 20;  // of ids and metadata, or of slots
};

// One client request becomes one plan: the effects of one change, or of several in a row for an
// import or the removal of an object, each about different entries. `next` is called for each.
struct Plan {
  std::vector<crdt::Effect> effects;
};
using PlanSink = std::function<base::Status(Plan)>;

// `time` is what the clock shows for the change; it is asked for once a plan.
base::Result<Written> plan_request(store::CellTable& cells, const WriteRequest& request,
                                   const std::function<crdt::HybridTime()>& time,
                                   const PlanLimits& limits, const PlanSink& next);

}  // namespace agent
