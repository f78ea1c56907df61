#pragma once

// The live cells of a slot, packed. Actors are the small numbers of the table `actors`; what is
// usually absent (an index, a counter, a writer, a kind other than put) costs a bit.
// docs/storage.md has the layout.

#include <cstdint>

#include "crdt/cell.h"
#include "store/actors.h"

namespace store {

// Numbers the actors of the dots, adding those that are new.
base::Bytes pack_cells(const crdt::Cells& cells, Actors& actors);
// kCorrupt (without naming the row) when the bytes are no cells.
base::Result<crdt::Cells> unpack_cells(base::BytesView packed, Actors& actors);

}  // namespace store
