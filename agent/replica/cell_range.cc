#include "agent/replica/cell_range.h"

namespace agent {

base::Status visit_cells(
    store::CellTable& cells, const store::ObjectInfo& object, const crdt::SnapshotPlace* after,
    const crdt::SnapshotPlace* until,
    const std::function<bool(const crdt::Slot& slot, const crdt::Cell& cell)>& visit) {
  const crdt::ObjectKey key = object.key();
  if (after && !crdt::is_of(after->slot, key)) after = nullptr;
  if (until && !crdt::is_of(until->slot, key)) until = nullptr;
  const auto visit_row = [&](const store::SlotRow& row) {
    for (const crdt::Cell& cell : row.cells) {
      if (after && !crdt::is_behind(*after, row.slot, cell.dot)) continue;
      if (until && crdt::is_behind(*until, row.slot, cell.dot)) return false;
      if (!visit(row.slot, cell)) return false;
    }
    return true;
  };
  if (after) {
    ASSIGN_OR_RETURN(const store::SlotRow row, cells.load_slot(after->slot));
    if (!visit_row(row)) return {};
  }
  return cells.scan_object(object, after ? &after->slot : nullptr,
                           [&](store::SlotRow& row) { return visit_row(row); });
}

}  // namespace agent
