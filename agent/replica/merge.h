#pragma once

// The merge of a state join (rule 6). It walks over our slots and the staged slots in the same
// order, slot by slot, in constant memory. Our present vector decides. A cell of ours stays if the
// other side has not seen its dot; it goes if the other side has seen it and no longer holds it. A
// cell of the other side is added if we have not seen its dot. In unite mode (rule 8) no cell goes,
// and a cell that we lack is added unless a change in our log kills it. The caller merges vectors
// and floors, in the same transaction.

#include <set>
#include <vector>

#include "agent/replica/join_report.h"
#include "agent/replica/requests.h"
#include "agent/replica/state_join.h"
#include "store/store.h"

namespace agent {

// For watchers: one event for each entry whose shown value changed.
struct MergeEvents {
  std::int64_t position = 0;
  crdt::HybridTime time;  // of the join
  std::size_t most = 0;
  std::size_t bytes_most = 0;  // of ids and values
  std::vector<Event> events;
  std::size_t bytes = 0;
  bool cut = false;  // there were more events than these
};

// Counts all but JoinCounts::own_kept. `events` is null when nobody watches. kCorrupt when a row of
// ours or a staged page cannot be read.
base::Result<JoinCounts> merge_join(store::Store& store, const StateJoin& join,
                                    const JoinLimits& limits, MergeEvents* events);

}  // namespace agent
