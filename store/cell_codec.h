#pragma once

// The live cells of a slot, packed. Actors are the small numbers of the table `actors`. A field
// that is usually absent (an index, a counter, a writer, a kind other than put) costs one bit when
// absent. docs/storage.md has the layout.

#include <cstdint>

#include "crdt/cell.h"
#include "store/actors.h"

namespace store {

// Gives numbers to the actors of the dots; adds actors that are new.
base::Bytes pack_cells(const crdt::Cells& cells, Actors& actors);
// kCorrupt (without the name of the row) when the bytes are not valid cells.
base::Result<crdt::Cells> unpack_cells(base::BytesView packed, Actors& actors);

}  // namespace store
