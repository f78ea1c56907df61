#pragma once

// Observed-remove set without tombstones (Bieniusa et al. 2012, "An Optimized Conflict-free
// Replicated Set"). An element is present while one of its dots lives. A remove kills the dots that
// its author saw, so a concurrent add wins. Two elements are the same when their canonical forms
// are.

#include "crdt/cell.h"
#include "crdt/types/draft.h"

namespace crdt {

inline bool is_present(const Cells& presence) { return !presence.empty(); }

// The presence of one element or map entry. Adding replaces the dots that it sees by a new one. The
// body is empty: the live dot is the presence.
Effect add_presence(const Slot& slot, const Cells& seen, const Stamp& stamp);
// Kills all dots that it sees. Without a dot there is no effect: removing an absent element makes
// no change.
std::optional<Effect> remove_seen(const Slot& slot, const Cells& seen);

// The marker of the set at `path`: it says that the set is there, also when it has no element.
Path set_marker(const Path& path);
// The path of an element. kTooLarge when its canonical form does not fit into a path.
base::Result<Path> element_path(const Draft& draft, const Path& path, std::string_view element);
// The element as it was written; of concurrent spellings that of the winner. Empty if that is no
// element for this version (shown_value()).
std::string element_value(const Cells& cells);

// `element` is minified JSON.
base::Status add_element(Draft& draft, const Path& path, std::string_view element);
base::Status remove_element(Draft& draft, const Path& path, std::string_view element);

}  // namespace crdt
