#pragma once

// A cell is a live dot at a slot with its value and stamp. The state of a replica is its version
// vector, its live cells and the skeletons of sequences, nothing else: sets, maps and counters need
// no tombstones, because a removed dot that the vector covers is simply not there.

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
    std::vector<Cell>;  // of one slot, ordered by dot; one is the rule, two are a conflict

// The digest element of a cell: slot, dot, kind, stamp and raw body.
Digest cell_element(const Slot& slot, const Cell& cell);

// Applies one effect of `change` to the cells of its slot, whatever its kind (rule 12): kills the
// named dots, adds the new one. `digest` moves by exactly what changed. Returns whether anything
// did. The caller has gated: predecessor and deps are applied, the change itself is not (rule 4).
bool apply_effect(const Effect& effect, const Dot& dot, Cells& cells, Digest& digest);

// The JSON text of a put's body, without the client's tag. Empty for `absent`.
std::string_view value_of(base::BytesView put_body);
std::string_view tag_of(base::BytesView put_body);  // empty when there is none

}  // namespace crdt
