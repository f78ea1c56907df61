#pragma once

// A slot as it is read and written: the unit between the rows of cells and those who change them.

#include <cstdint>

#include "crdt/cell.h"
#include "crdt/slot.h"

namespace store {

// A loaded slot. Change `cells`, then call CellTable::save().
struct SlotRow {
  crdt::Slot slot;
  crdt::Cells cells;
  std::int64_t id = 0;  // the id of the row, if stored
  bool stored = false;  // the row exists
};

}  // namespace store
