#pragma once

// What watchers hear of a change: one event an entry, with the value then shown. Used by the turn
// that applies it and by readers that resume from the log.

#include <vector>

#include "agent/replica/requests.h"
#include "store/actors.h"
#include "store/cell_table.h"

namespace agent {

// Appends the events of `change`, in the order of its effects. Call it when the change is applied
// and before the next one is. kCorrupt when a row cannot be read.
base::Status append_events(store::CellTable& cells, const store::Actors& actors,
                           const crdt::Change& change, std::int64_t position,
                           std::vector<Event>& events);

}  // namespace agent
