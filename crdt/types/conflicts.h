#pragma once

// Places where something that was written concurrently is hidden: a value of an lww_register that
// lost, or other types than the one that is shown. An mv_register shows all its values, so they
// are no conflict.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/types/view.h"

namespace crdt {

// One value of a register, or all that a type has at the place. Then `cell` is one of its cells: of
// a counter that with the highest stamp; of a container its marker, or else the first below it in
// order of path and type. Of a text without a marker it has the dot of the first shown element and
// nothing else.
struct Side {
  SlotType type = SlotType::kMap;
  Cell cell;
  std::string value;  // JSON; "null" for a container
};
struct Hidden {
  Path path;
  Side winner;
  std::vector<Side> losers;  // the best first
  std::string_view rule;     // "stamp" or "dot" between values, "type" between types
};

// What each type has at one place.
class PlaceTypes {
 public:
  // A slot that is shown and has something of `type` at the place: the slot of a register or
  // counter, or any slot of a container. Of those of a container the first counts.
  base::Status add(View& view, SlotType type, const Slot& slot, const Cells& cells);
  bool has(SlotType type) const { return sides_.contains(type); }
  std::size_t size() const { return sides_.size(); }
  // The one that is shown; kSubtree if there is none.
  SlotType shown() const { return sides_.empty() ? SlotType::kSubtree : sides_.rbegin()->first; }
  std::optional<Hidden> conflict(const Path& path) const;

 private:
  std::map<SlotType, std::vector<Side>> sides_;  // of each type the best first
};

// Every place at `path` or below it that has something shown, after all places in it. Reads
// everything there once, and keeps only the places on the way to the last slot.
base::Status each_place(
    View& view, const Path& path,
    const std::function<bool(const Path& place, const PlaceTypes& types)>& visit);
// The conflicts among them.
base::Status conflicts_at(View& view, const Path& path,
                          const std::function<bool(const Hidden& conflict)>& visit);

}  // namespace crdt
