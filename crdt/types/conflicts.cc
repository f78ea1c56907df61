#include "crdt/types/conflicts.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "crdt/content.h"
#include "crdt/types/counter.h"
#include "crdt/types/places.h"
#include "crdt/types/register.h"

namespace crdt {
namespace {

std::string text_of(const Cell& cell) {
  std::string value = shown_value(cell);
  return value.empty() ? "null" : value;
}

// A text that is shown and has no marker.
base::Result<Cell> first_element(View& view, const Slot& slot) {
  Cell first;
  first.kind = EffectKind::kInsert;
  const auto need = [](const Sequence& part) {
    if (part.size() > 0) part.element_at(0);
  };
  ASSIGN_OR_RETURN(const Sequence* text, view.text(slot.path, need));
  if (text != nullptr && text->size() > 0) first.dot = text->element_at(0);
  return first;
}

// Follows slots in order of path and type. The places on the way to the last one are open.
class Walk {
 public:
  using Visit = std::function<bool(const Path& place, const PlaceTypes& types)>;
  Walk(View& view, const Path& root, const Visit& visit)
      : view_(view), root_(root), visit_(visit) {}

  // False: the visitor wants no more.
  base::Result<bool> take(const Slot& slot, const Cells& cells) {
    const auto depth = depth_of(slot);
    if (!depth || *depth < root_.size()) return true;
    while (!open_.empty() && !leads_to(open_.back().path, slot.path)) {
      if (!close()) return false;
    }
    while (root_.size() + open_.size() <= *depth) {
      const auto end = static_cast<std::ptrdiff_t>(root_.size() + open_.size());
      open_.push_back({{slot.path.begin(), slot.path.begin() + end}, {}});
    }
    ASSIGN_OR_RETURN(const bool shown, is_shown(view_, slot.path, slot.type, cells));
    if (!shown) return true;
    const std::size_t own = *depth - root_.size();
    for (std::size_t i = 0; i <= own; ++i) {
      const SlotType type = i == own ? slot.type : SlotType::kMap;
      RETURN_IF_ERROR(open_[i].types.add(view_, type, slot, cells));
    }
    return true;
  }

  void finish() {
    while (!open_.empty() && close()) {
    }
  }

 private:
  struct Open {
    Path path;
    PlaceTypes types;
  };
  static bool leads_to(const Path& place, const Path& path) {
    return place.size() <= path.size() && std::equal(place.begin(), place.end(), path.begin());
  }
  bool close() {
    const Open place = std::move(open_.back());
    open_.pop_back();
    return place.types.size() == 0 || visit_(place.path, place.types);
  }

  View& view_;
  const Path& root_;
  const Visit& visit_;
  std::vector<Open> open_;  // the one at the root first
};

}  // namespace

base::Status PlaceTypes::add(View& view, SlotType type, const Slot& slot, const Cells& cells) {
  if (type >= SlotType::kOrSet && has(type)) return {};
  std::vector<Side>& sides = sides_[type];
  if (cells.empty()) {  // only a text is shown without a cell
    ASSIGN_OR_RETURN(const Cell first, first_element(view, slot));
    sides.push_back({type, first, "null"});
    return {};
  }
  const Cells ranked = best_first(cells);
  if (is_counter(type)) {
    sides.push_back({type, ranked[0], counter_value(cells, slot)});
  } else if (type >= SlotType::kOrSet) {
    sides.push_back({type, ranked[0], "null"});
  } else {
    for (const Cell& cell : ranked) {
      // A client may send one write to two agents: then it is there twice, and no conflict.
      const bool again = std::any_of(sides.begin(), sides.end(), [&](const Side& side) {
        return side.cell.stamp == cell.stamp && side.cell.body == cell.body;
      });
      if (!again) sides.push_back({type, cell, text_of(cell)});
    }
  }
  return {};
}

std::optional<Hidden> PlaceTypes::conflict(const Path& path) const {
  if (sides_.empty()) return std::nullopt;
  const std::vector<Side>& won = sides_.rbegin()->second;
  Hidden hidden{path, won[0], {}, "type"};
  for (auto other = sides_.begin(); std::next(other) != sides_.end(); ++other) {
    hidden.losers.insert(hidden.losers.end(), other->second.begin(), other->second.end());
  }
  if (shown() == SlotType::kLwwRegister && won.size() > 1) {
    if (hidden.losers.empty()) hidden.rule = rule_between(won[0].cell, won[1].cell);
    hidden.losers.insert(hidden.losers.end(), won.begin() + 1, won.end());
  }
  if (hidden.losers.empty()) return std::nullopt;
  std::stable_sort(hidden.losers.begin(), hidden.losers.end(), [](const Side& a, const Side& b) {
    return std::tie(b.cell.stamp, b.cell.dot) < std::tie(a.cell.stamp, a.cell.dot);
  });
  return hidden;
}

base::Status each_place(
    View& view, const Path& path,
    const std::function<bool(const Path& place, const PlaceTypes& types)>& visit) {
  bool goes_on = true;
  const Walk::Visit take = [&](const Path& place, const PlaceTypes& types) {
    return goes_on = visit(place, types);
  };
  Walk walk(view, path, take);
  RETURN_IF_ERROR(each_below(
      view, path, [&](const Slot& slot, const Cells& cells) { return walk.take(slot, cells); }));
  if (goes_on) walk.finish();
  return {};
}

base::Status conflicts_at(View& view, const Path& path,
                          const std::function<bool(const Hidden& conflict)>& visit) {
  return each_place(view, path, [&](const Path& place, const PlaceTypes& types) {
    const auto conflict = types.conflict(place);
    return !conflict || visit(*conflict);
  });
}

}  // namespace crdt
