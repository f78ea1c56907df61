#pragma once

// Which place a slot belongs to, and what is there. An element of a set has the path of its set and
// one more component, but it belongs to the place of the set.

#include <functional>
#include <optional>
#include <vector>

#include "crdt/types/view.h"

namespace crdt {

// The length of the path of the place that this slot is a part of. Nullopt for a slot that is part
// of no place: of a catalog, or of a type that this version does not know.
std::optional<std::size_t> depth_of(const Slot& slot);
inline bool is_at(const Slot& slot, const Path& place) { return depth_of(slot) == place.size(); }

// The same as View::below(), for a visitor that can fail.
base::Status each_below(
    View& view, const Path& path,
    const std::function<base::Result<bool>(const Slot& slot, const Cells& cells)>& visit);

// True if readers see something of this slot, whatever other types have at its place.
base::Result<bool> is_shown(View& view, const Path& path, SlotType type, const Cells& cells);

// True if something of this type is shown at `path`, were it the only type there.
base::Result<bool> is_there(View& view, const Path& path, SlotType type);
// All types that have something there, in order of their numbers.
base::Result<std::vector<SlotType>> types_there(View& view, const Path& path);

}  // namespace crdt
