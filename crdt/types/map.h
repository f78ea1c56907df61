#pragma once

// crdt_map: places below a place, each with a type of its own. A map needs no cell while something
// is below it; its marker, a cell at the place itself, says that it is there when nothing is.
// Removing a place removes what its author sees there and below, of every type. What others write
// there at the same time survives, with its own path alone.

#include <vector>

#include "crdt/types/draft.h"

namespace crdt {

// Removes all that the author sees at `path` and below it.
base::Status unset(Draft& draft, const Path& path);
// The same without the slots of which `keeps` is true.
base::Status unset_but(Draft& draft, const Path& path,
                       const std::function<bool(const Slot& slot)>& keeps);

// A cell that says that the container at `path` is there, unless the author sees one.
base::Status mark(Draft& draft, const Path& path, SlotType type);
// The slot of that cell. Of a set it is its empty component.
Slot marker_of(const Draft& draft, const Path& path, SlotType type);

// The whole value of a place of this type; everything else there and below goes. `value` is
// minified JSON. kInvalid when it does not have the JSON type that `type` needs.
base::Status replace(Draft& draft, const Path& path, SlotType type, std::string_view value);

}  // namespace crdt
