#pragma once

// The events of one change for watchers. Of a catalog: one event for each entry that the change
// touches, with the value that the entry shows afterwards. Of other objects: one event for each
// effect, with what it wrote (of a counter: the value that it shows afterwards). The stamp is the
// highest that the change wrote there; a removal has the time of the change. The turn that applies
// the change uses it, and so do readers that resume from the log.

#include <vector>

#include "agent/replica/requests.h"
#include "store/actors.h"
#include "store/cell_table.h"

namespace agent {

// Appends the events of `change`, in the order of its effects. Call it after the change is applied
// and before the next one is applied. kCorrupt when a row cannot be read.
base::Status append_events(store::CellTable& cells, const store::Actors& actors,
                           const crdt::Change& change, std::int64_t position,
                           std::vector<Event>& events);

}  // namespace agent
