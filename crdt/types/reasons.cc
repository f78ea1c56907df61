// Why a value is shown (shown.h).

#include <algorithm>
#include <map>
#include <utility>

#include "crdt/content.h"
#include "crdt/types/conflicts.h"
#include "crdt/types/counter.h"
#include "crdt/types/places.h"
#include "crdt/types/register.h"
#include "crdt/types/shown.h"

namespace crdt {
namespace {

// The type that is shown at each place which has several.
using Winners = std::map<Path, SlotType>;

base::Result<Winners> winners_at(View& view, const Path& path) {
  Winners winners;
  RETURN_IF_ERROR(each_place(view, path, [&](const Path& place, const PlaceTypes& types) {
    if (types.size() > 1) winners.emplace(place, types.shown());
    return true;
  }));
  return winners;
}

// Another type is shown at the place of this slot, or at a place above it from `root` on.
bool is_hidden(const Winners& winners, const Path& root, const Slot& slot, std::size_t depth) {
  if (winners.empty()) return false;
  for (std::size_t i = root.size(); i <= depth; ++i) {
    const auto end = slot.path.begin() + static_cast<std::ptrdiff_t>(i);
    const auto winner = winners.find({slot.path.begin(), end});
    if (winner == winners.end()) continue;
    if (winner->second != (i == depth ? slot.type : SlotType::kMap)) return true;
  }
  return false;
}

Reason reason_of_register(const Slot& slot, const Cells& cells, const Cell& cell) {
  const Cells ranked = best_first(cells);
  const Cell& best = ranked.front();
  const bool absent = shown_of(cell).empty();
  if (shown_of(best).empty()) return {slot, cell, false, "absent"};
  if (slot.type == SlotType::kMvRegister) {
    if (absent) return {slot, cell, false, "absent"};
    return {slot, cell, true, cells.size() > 1 ? "concurrent" : "only"};
  }
  const bool wins = cell.dot == best.dot;
  const Cell& other = wins && ranked.size() > 1 ? ranked[1] : cell;
  return {slot, cell, wins, rule_between(best, other)};
}

Reason reason_of(const Slot& slot, const Cells& cells, const Cell& cell, bool hidden) {
  Reason reason{slot, cell, true, "add_wins"};
  if (is_counter(slot.type)) {
    const bool counted = counts(cells, cell, slot);
    reason = {slot, cell, counted, counted ? "sum" : "highest"};
  } else if (slot.type < SlotType::kOrSet) {
    reason = reason_of_register(slot, cells, cell);
  }
  if (hidden && reason.rule != "absent") {
    reason.shown = false;
    reason.rule = "type";
  }
  return reason;
}

}  // namespace

base::Status reasons_at(View& view, const Path& path,
                        const std::function<bool(const Reason& reason)>& visit) {
  ASSIGN_OR_RETURN(const Winners winners, winners_at(view, path));
  return view.below(path, [&](const Slot& slot, const Cells& cells) {
    const auto depth = depth_of(slot);
    if (!depth || *depth < path.size()) return true;
    const bool hidden = is_hidden(winners, path, slot, *depth);
    return std::all_of(cells.begin(), cells.end(), [&](const Cell& cell) {
      return visit(reason_of(slot, cells, cell, hidden));
    });
  });
}

}  // namespace crdt
