#pragma once

// Slots on the wire and in sealed changes: [leading components shared with the slot before,
// [the other components], type]. The object name is the first component. docs/protocol.md has the
// format.

#include <cstddef>

#include "crdt/codec.h"
#include "crdt/slot.h"

namespace crdt::codec {

// How many leading components `slot` shares with the slot before (null: none).
std::size_t shared_with(const Slot* before, const Slot& slot);
// `before` is the slot that was written before in the same list, or null. Returns the number of
// tokens that were written.
std::size_t write_slot(Writer& out, const Slot& slot, const Slot* before);
// Reads into a slot that may hold another one, so that its memory is used again. Fails at a depth
// or a length above the bounds of crdt/slot.h.
void read_slot(Reader& in, Slot& slot, const Slot* before);

SlotType read_type(Reader& in);

}  // namespace crdt::codec
