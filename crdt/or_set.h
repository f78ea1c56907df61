#pragma once

// Observed-remove set without tombstones (Bieniusa et al. 2012, "An Optimized Conflict-free
// Replicated Set"): an element is present while a dot of its lives; a remove kills the dots its
// author saw, so a concurrent add wins.

#include "crdt/cell.h"

namespace crdt {

inline bool is_present(const Cells& presence) { return !presence.empty(); }

// Presence of one element or map entry: add replaces the dots it sees by a fresh one. Its body is
// empty: that the dot lives says it all.
Effect add_presence(const Slot& slot, const Cells& seen, const Stamp& stamp);
// Kills all that it sees. Without a dot to kill there is no effect: removing what is absent makes
// no change.
std::optional<Effect> remove_seen(const Slot& slot, const Cells& seen);

}  // namespace crdt
