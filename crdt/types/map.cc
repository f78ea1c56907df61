#include "crdt/types/map.h"

#include <utility>

#include "crdt/types/or_set.h"
#include "crdt/types/places.h"
#include "crdt/types/text.h"

namespace crdt {

base::Status unset(Draft& draft, const Path& path) {
  return unset_but(draft, path, [](const Slot&) { return false; });
}

base::Status unset_but(Draft& draft, const Path& path,
                       const std::function<bool(const Slot& slot)>& keeps) {
  std::vector<Dot> gone;
  std::vector<Dot> kept;
  DotRuns letters;  // of the texts; they may be very many
  const auto visit = [&](const Slot& slot, const Cells& cells) -> base::Result<bool> {
    // An element of a set has this path if the set is at the place above: it is not at this place.
    const bool above = depth_of(slot).value_or(path.size()) < path.size();
    std::vector<Dot>& dots = above || keeps(slot) ? kept : gone;
    append_dots(dots, cells);
    if (slot.type != SlotType::kSeq) return true;
    // The marker of a text may stay when its elements go, because only cells are kept.
    ASSIGN_OR_RETURN(const DotRuns shown, shown_runs(draft.view, slot.path));
    letters.insert(letters.end(), shown.begin(), shown.end());
    return true;
  };
  RETURN_IF_ERROR(each_below(draft.view, path, visit));
  push_removal(draft.view.object(), path, std::move(gone), std::move(kept), letters, draft.effects);
  return {};
}

Slot marker_of(const Draft& draft, const Path& path, SlotType type) {
  return draft.slot(type == SlotType::kOrSet ? set_marker(path) : path, type);
}

base::Status mark(Draft& draft, const Path& path, SlotType type) {
  if (type == SlotType::kOrSet) {
    ASSIGN_OR_RETURN(const Cells seen, draft.view.cells(set_marker(path), type));
    if (!seen.empty()) return {};
  } else {
    ASSIGN_OR_RETURN(const Cells seen, draft.view.cells(path, type));
    if (!seen.empty()) return {};
  }
  draft.effects.push_back(put_over(marker_of(draft, path, type), {}, stamp_over(draft, {}), {}));
  return {};
}

}  // namespace crdt
