#pragma once

// A cell is a live dot at a slot, with its value and stamp. The state of a replica is its version
// vector, its live cells and the skeletons of sequences, and nothing else. Sets, maps and counters
// need no tombstones: a removed dot is covered by the vector and has no cell.

#include <string>
#include <vector>

#include "crdt/change.h"
#include "crdt/digest.h"

namespace crdt {

struct Cell {
  Dot dot;
  EffectKind kind = EffectKind::kPut;
  Stamp stamp;
  base::Bytes body;
  bool operator==(const Cell&) const = default;
};
using Cells =
    std::vector<Cell>;  // of one slot, ordered by dot; usually one, two or more are a conflict

// The element of a cell in the digest: slot, dot, kind, stamp and raw body.
Digest cell_element(const Slot& slot, const Cell& cell);

// Removes the named dots from the cells of `slot`. `digest` changes accordingly. Returns true if
// anything changed.
bool kill_cells(const Slot& slot, const DotRuns& kills, Cells& cells, Digest& digest);

// Applies one effect to the cells of its slot, whatever its kind (rule 12): removes the named dots
// and adds the new one. `digest` changes accordingly. Returns true if anything changed. The caller
// has checked that predecessor and deps of the change are applied and that the change itself is not
// (rule 4). Not for an insert, whose dots are elements of a text and no cells, and not for a whole
// subtree.
bool apply_effect(const Effect& effect, const Dot& dot, Cells& cells, Digest& digest);

// The JSON text of a put's body, without the client's tag. Empty for `absent`.
std::string_view value_of(base::BytesView put_body);
std::string_view tag_of(base::BytesView put_body);  // empty when there is none

}  // namespace crdt
