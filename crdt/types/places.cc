#include "crdt/types/places.h"

#include <set>

#include "crdt/content.h"
#include "crdt/types/counter.h"
#include "crdt/types/or_set.h"
#include "crdt/types/register.h"

namespace crdt {
namespace {

// Visits the types that have something at `path`, some of them several times, until `found` returns
// false.
base::Status each_type(View& view, const Path& path, const std::function<bool(SlotType)>& found) {
  return each_below(view, path, [&](const Slot& slot, const Cells& cells) -> base::Result<bool> {
    const auto depth = depth_of(slot);
    if (!depth || *depth < path.size()) return true;
    ASSIGN_OR_RETURN(const bool shown, is_shown(view, slot.path, slot.type, cells));
    if (!shown) return true;
    return found(*depth == path.size() ? slot.type : SlotType::kMap);
  });
}

}  // namespace

std::optional<std::size_t> depth_of(const Slot& slot) {
  switch (slot.type) {
    case SlotType::kGCounter:
    case SlotType::kPnCounter:
    case SlotType::kLwwRegister:
    case SlotType::kMvRegister:
    case SlotType::kMap:
    case SlotType::kSeq:
      return slot.path.size();
    case SlotType::kOrSet:
      if (slot.path.empty()) return std::nullopt;
      return slot.path.size() - 1;
    case SlotType::kSubtree:
    case SlotType::kReset:
      return std::nullopt;
  }
  return std::nullopt;
}

base::Status each_below(
    View& view, const Path& path,
    const std::function<base::Result<bool>(const Slot& slot, const Cells& cells)>& visit) {
  base::Status status;
  RETURN_IF_ERROR(view.below(path, [&](const Slot& slot, const Cells& cells) {
    const auto goes_on = visit(slot, cells);
    if (!goes_on.ok()) status = goes_on.error();
    return goes_on.ok() && *goes_on;
  }));
  return status;
}

base::Result<bool> is_shown(View& view, const Path& path, SlotType type, const Cells& cells) {
  switch (type) {
    case SlotType::kLwwRegister:
    case SlotType::kMvRegister: {
      const auto best = winner(cells);
      return best && !shown_of(cells[*best]).empty();
    }
    case SlotType::kSeq: {
      if (!cells.empty()) return true;
      ASSIGN_OR_RETURN(const std::string text, view.shown_text(path));
      return !text.empty();
    }
    default:
      return !cells.empty();
  }
}

base::Result<bool> is_there(View& view, const Path& path, SlotType type) {
  // A cell of the slot itself, or of the marker of a set, saves the search below.
  const Path marker = type == SlotType::kOrSet ? set_marker(path) : Path();
  const Path& at = type == SlotType::kOrSet ? marker : path;
  ASSIGN_OR_RETURN(const Cells cells, view.cells(at, type));
  ASSIGN_OR_RETURN(bool there, is_shown(view, at, type, cells));
  if (there || (type != SlotType::kOrSet && type != SlotType::kMap)) return there;
  RETURN_IF_ERROR(each_type(view, path, [&](SlotType found) {
    there = found == type;
    return !there;
  }));
  return there;
}

base::Result<std::vector<SlotType>> types_there(View& view, const Path& path) {
  std::set<SlotType> types;
  RETURN_IF_ERROR(each_type(view, path, [&](SlotType found) {
    types.insert(found);
    return true;
  }));
  return std::vector<SlotType>(types.begin(), types.end());
}

base::Result<std::optional<Standing>> no_map_above(View& view, const Path& path) {
  Path above;
  for (const std::string& component : path) {
    ASSIGN_OR_RETURN(const bool is_text, is_there(view, above, SlotType::kSeq));
    if (is_text) return std::optional<Standing>({above, SlotType::kSeq});
    ASSIGN_OR_RETURN(const Cells marker, view.cells(above, SlotType::kMap));
    if (marker.empty()) {
      std::optional<Standing> found;
      RETURN_IF_ERROR(each_type(view, above, [&](SlotType there) {
        if (!found || there > found->type) found = {above, there};
        return there != SlotType::kMap;
      }));
      if (found && found->type != SlotType::kMap) return found;
    }
    above.push_back(component);
  }
  return std::optional<Standing>();
}

base::Result<std::optional<Standing>> hiding(View& view, const Path& path, SlotType type) {
  std::optional<Standing> found;
  if (type == SlotType::kSeq) return found;
  if (type == SlotType::kOrSet) {
    for (const SlotType higher : {SlotType::kMap, SlotType::kSeq}) {
      ASSIGN_OR_RETURN(const Cells marker, view.cells(path, higher));
      if (!marker.empty()) found = {path, higher};
    }
    ASSIGN_OR_RETURN(const bool is_set, is_there(view, path, type));
    if (found || is_set) return found;
  }
  RETURN_IF_ERROR(each_type(view, path, [&](SlotType there) {
    if (there > type) found = {path, there};
    return !found;
  }));
  return found;
}

}  // namespace crdt
