// Why a value is shown, and what it hides (shown.h).

#include <algorithm>
#include <map>
#include <utility>

#include "crdt/types/counter.h"
#include "crdt/types/places.h"
#include "crdt/types/register.h"
#include "crdt/types/shown.h"

namespace crdt {
namespace {

// What each type has at one place: the cells of a register or counter, one cell for a container.
using Census = std::map<SlotType, Cells>;

bool is_single(SlotType type) { return type < SlotType::kOrSet; }

// The cells that stand for a slot which is shown.
base::Result<Cells> standing_for(View& view, const Slot& slot, const Cells& cells) {
  if (slot.type != SlotType::kSeq || !cells.empty()) return cells;
  ASSIGN_OR_RETURN(const Sequence* text, view.text(slot.path));
  Cell first;
  first.kind = EffectKind::kInsert;
  if (text != nullptr && text->size() > 0) {
    const DotRun run = text->dots_of(0, 1).front();
    first.dot = {run.actor, run.seq, run.index};
  }
  return Cells{first};
}

base::Result<Census> census_of(View& view, const Path& path) {
  Census census;
  const auto take = [&](const Slot& slot, const Cells& cells) -> base::Result<bool> {
    const auto depth = depth_of(slot);
    if (!depth || *depth < path.size()) return true;
    ASSIGN_OR_RETURN(const bool shown, is_shown(view, slot, cells));
    if (!shown) return true;
    ASSIGN_OR_RETURN(Cells found, standing_for(view, slot, cells));
    const SlotType type = *depth == path.size() ? slot.type : SlotType::kMap;
    Cells& known = census[type];
    known.insert(known.end(), found.begin(), found.end());
    known = best_first(std::move(known));
    if (!is_single(type)) known.resize(1);
    return true;
  };
  RETURN_IF_ERROR(each_below(view, path, take));
  return census;
}

// Follows slots in order of path and knows the places on the way to the last one.
class Walk {
 public:
  struct Place {
    Path path;
    Census census;
    bool hidden = false;  // by another type at a place above it
    SlotType type() const { return census.empty() ? SlotType::kSubtree : census.rbegin()->first; }
  };
  Walk(View& view, const Path& path) : view_(view), root_(path) {}

  // Opens the places on the way to `slot` and returns its own; null if it is part of no place at
  // or below the path. Each place that is opened is passed to `opened`.
  base::Result<const Place*> place_of(const Slot& slot,
                                      const std::function<void(const Place&)>& opened) {
    const auto depth = depth_of(slot);
    if (!depth || *depth < root_.size()) return static_cast<const Place*>(nullptr);
    while (!places_.empty() && !leads_to(places_.back().path, slot.path)) places_.pop_back();
    while (root_.size() + places_.size() <= *depth) {
      Place place;
      const auto end =
          slot.path.begin() + static_cast<std::ptrdiff_t>(root_.size() + places_.size());
      place.path.assign(slot.path.begin(), end);
      ASSIGN_OR_RETURN(place.census, census_of(view_, place.path));
      if (!places_.empty()) {
        place.hidden = places_.back().hidden || places_.back().type() != SlotType::kMap;
      }
      opened(place);
      places_.push_back(std::move(place));
    }
    return &places_[*depth - root_.size()];
  }

 private:
  static bool leads_to(const Path& place, const Path& path) {
    return place.size() <= path.size() && std::equal(place.begin(), place.end(), path.begin());
  }
  View& view_;
  const Path& root_;
  std::vector<Place> places_;  // the one at the path first
};

Reason reason_of_register(const Slot& slot, const Cells& cells, const Cell& cell) {
  const Cells ranked = best_first(cells);
  const Cell& best = ranked.front();
  const bool absent = value_of(cell.body).empty();
  if (value_of(best.body).empty()) return {slot, cell, false, "absent"};
  if (slot.type == SlotType::kMvRegister) {
    if (absent) return {slot, cell, false, "absent"};
    return {slot, cell, true, cells.size() > 1 ? "concurrent" : "only"};
  }
  const bool wins = cell.dot == best.dot;
  const Cell& other = wins && ranked.size() > 1 ? ranked[1] : cell;
  return {slot, cell, wins, rule_between(best, other)};
}

Reason reason_of(const Walk::Place& place, const Slot& slot, const Cells& cells, const Cell& cell) {
  Reason reason{slot, cell, true, "add_wins"};
  if (is_counter(slot.type)) {
    const bool counted = counts(cells, cell, slot);
    reason = {slot, cell, counted, counted ? "sum" : "highest"};
  } else if (is_single(slot.type)) {
    reason = reason_of_register(slot, cells, cell);
  }
  if (place.hidden || (reason.rule != "absent" && place.type() != slot.type)) {
    reason.shown = false;
    reason.rule = "type";
  }
  return reason;
}

std::optional<Hidden> hidden_at(const Walk::Place& place) {
  if (place.census.empty()) return std::nullopt;
  const SlotType type = place.type();
  const Cells& won = place.census.at(type);
  Hidden hidden{place.path, type, won.front(), {}, "type"};
  for (const auto& [other, cells] : place.census) {
    if (other == type) continue;
    hidden.losers.insert(hidden.losers.end(), cells.begin(), cells.end());
  }
  if (type == SlotType::kLwwRegister && won.size() > 1) {
    if (hidden.losers.empty()) hidden.rule = rule_between(won[0], won[1]);
    hidden.losers.insert(hidden.losers.end(), won.begin() + 1, won.end());
  }
  if (hidden.losers.empty()) return std::nullopt;
  hidden.losers = best_first(std::move(hidden.losers));
  return hidden;
}

}  // namespace

base::Status reasons_at(View& view, const Path& path,
                        const std::function<bool(const Reason& reason)>& visit) {
  Walk walk(view, path);
  const auto take = [&](const Slot& slot, const Cells& cells) -> base::Result<bool> {
    ASSIGN_OR_RETURN(const Walk::Place* place, walk.place_of(slot, [](const Walk::Place&) {}));
    if (place == nullptr) return true;
    return std::all_of(cells.begin(), cells.end(), [&](const Cell& cell) {
      return visit(reason_of(*place, slot, cells, cell));
    });
  };
  return each_below(view, path, take);
}

base::Status conflicts_at(View& view, const Path& path,
                          const std::function<bool(const Hidden& conflict)>& visit) {
  Walk walk(view, path);
  bool goes_on = true;
  const auto opened = [&](const Walk::Place& place) {
    const auto hidden = hidden_at(place);
    if (hidden && goes_on) goes_on = visit(*hidden);
  };
  return each_below(view, path, [&](const Slot& slot, const Cells&) -> base::Result<bool> {
    RETURN_IF_ERROR(walk.place_of(slot, opened));
    return goes_on;
  });
}

}  // namespace crdt
