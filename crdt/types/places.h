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

// A value that is shown at a place.
struct Standing {
  Path path;
  SlotType type;
};
// A place above `path` at which a value is shown that is no map: a value at `path` would hide it,
// or a text there would hide the value. The highest type there; nullopt: there is no such place.
base::Result<std::optional<Standing>> no_map_above(View& view, const Path& path);
// What would hide a value of `type` that is written at `path`: a type with a higher number there.
// Of a set that is there, only the markers of a text and of a map are
// looked at, because its elements and the members of the map lie among each other and may be many.
base::Result<std::optional<Standing>> hiding(View& view, const Path& path, SlotType type);

}  // namespace crdt
