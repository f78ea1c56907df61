#pragma once

// Observed-remove set without tombstones (Bieniusa et al. 2012, "An Optimized Conflict-free
// Replicated Set"). An element is present while one of its dots lives. A remove kills the dots that
// its author saw, so a concurrent add wins. Two elements are the same when their canonical forms
// are.
// Clients of other protocols name their adds by tags of their own and remove by tag. They may not
// have seen what their agent has, so an add with a tag replaces no other add. Example: e is there
// with the tag t1; an add with t2 leaves both; a remove of t1 then leaves e, because t2 is there.

#include <span>

#include "crdt/cell.h"
#include "crdt/types/draft.h"

namespace crdt {

inline bool is_present(const Cells& presence) { return !presence.empty(); }

// The presence of one element or map entry. Adding replaces the dots that it sees by a new one. The
// body is empty: the live dot is the presence.
Effect add_presence(const Slot& slot, const Cells& seen, const Stamp& stamp);
// The name of an add: the client's tag, or else "<actor>:<seq>" of its dot.
std::string tag_name(const Cell& cell);
// The cells with one of these names; those with a stamp below this one.
Cells with_tags(const Cells& cells, std::span<const std::string> tags);
Cells below_stamp(const Cells& cells, const Stamp& stamp);
// Adds with tags that an element, or the presence of an entry, can have. One more replaces that
// with the lowest stamp; a remove by the tag of that one then removes nothing.
inline constexpr std::size_t kTagsMax = 256;
// An add with a tag; `element` is empty for a presence. Nullopt if one with this name is there.
std::optional<Effect> add_tagged(const Slot& slot, const Cells& seen, const Stamp& stamp,
                                 std::string_view element, const std::string& tag);
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

// `element` is minified JSON. A remove takes the adds that its tags name; with a client's stamp and
// no tags those below the stamp; else all that the author sees.
base::Status add_element(Draft& draft, const Path& path, std::string_view element);
base::Status remove_element(Draft& draft, const Path& path, std::string_view element);

}  // namespace crdt
