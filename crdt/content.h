#pragma once

// Whether what another agent sent can be shown to clients: names are UTF-8, values are JSON. A
// change or page that has anything else is refused as a whole, on every agent, like one that is
// malformed. It is checked once, where it arrives; plans write nothing else, so own changes are not
// checked. What only a later version can read (kinds and types without a name here) is kept as it
// is (rule 12).

#include <string>
#include <string_view>

#include "crdt/cell.h"
#include "crdt/change.h"

namespace crdt {

// Object and path of a slot in which something lives. Of a type that only a later version knows:
// the object alone, because objects are listed by name.
bool can_be_named(const Slot& slot);
// What an effect of this kind leaves in a slot of this type.
bool can_be_shown(SlotType type, EffectKind kind, base::BytesView body);
// All that the change leaves.
bool can_be_shown(const Change& change);

// The JSON text of a cell. Empty for `absent`, and for a cell that is no put: a later version knows
// how to read it.
std::string_view shown_of(const Cell& cell);
// The same as valid JSON, whatever lies in the database: a text that is none becomes a string.
std::string shown_value(const Cell& cell);

}  // namespace crdt
