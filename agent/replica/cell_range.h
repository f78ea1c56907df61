#pragma once

// The cells of one object between two places of a snapshot's order.

#include <functional>

#include "crdt/snapshot.h"
#include "store/cell_table.h"

namespace agent {

// Visits the cells strictly after `after` (null: from the first) up to `until` (null: to the last),
// in order, until the visitor returns false. The two places may be of other objects: then they
// bound nothing here. kCorrupt when a row cannot be read.
base::Status visit_cells(
    store::CellTable& cells, const store::ObjectInfo& object, const crdt::SnapshotPlace* after,
    const crdt::SnapshotPlace* until,
    const std::function<bool(const crdt::Slot& slot, const crdt::Cell& cell)>& visit);

}  // namespace agent
