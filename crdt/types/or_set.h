#pragma once

// Observed-remove set without tombstones (Bieniusa et al. 2012, "An Optimized Conflict-free
// Replicated Set"). An element is present while one of its dots lives. A remove kills the dots that
// its author saw, so a concurrent add wins.

#include "crdt/cell.h"

namespace crdt {

inline bool is_present(const Cells& presence) { return !presence.empty(); }

// The presence of one element or map entry. Adding replaces the dots that it sees by a new one. The
// body is empty: the live dot is the presence.
Effect add_presence(const Slot& slot, const Cells& seen, const Stamp& stamp);
// Kills all dots that it sees. Without a dot there is no effect: removing an absent element makes
// no change.
std::optional<Effect> remove_seen(const Slot& slot, const Cells& seen);

}  // namespace crdt
