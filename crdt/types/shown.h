#pragma once

// What readers see of a place: its value as JSON text, and why.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/types/view.h"

namespace crdt {

struct ShownPlace {
  SlotType type = SlotType::kMap;
  std::string value;  // JSON text
};
// The value at `path`; nullopt when nothing is there. `type`: only of this type. kTooLarge above
// `bytes_max` (the message says to read it by path).
//   gcounter, pncounter   a number          lww_register   its value
//   mv_register           an array of the concurrent values, the winner first
//   orset                 an array, in the order of the canonical forms
//   crdt_map              an object, keys in order of bytes, each with the value of its place
//   seq                   a string
// A register whose winner is `absent` is not there; a text without a marker only while it shows
// something. If several types have something at a place, the one with the highest number of
// SlotType wins (a text before a map before a set before registers before counters), the others are
// conflicts. Each of them can be read by its type.
base::Result<std::optional<ShownPlace>> shown_at(View& view, const Path& path,
                                                 std::optional<SlotType> type,
                                                 std::size_t bytes_max);

// One cell at or below a path, for people who ask why a value is shown. Elements of a text are no
// cells: of a text only its marker comes.
struct Reason {
  Slot slot;
  Cell cell;
  bool shown = false;  // it is part of the value of the path
  // What decided: "only", "stamp", "dot" (registers), "concurrent" (mv_register), "add_wins" (an
  // element, or the marker of a container), "sum", "highest" (a lower total of the same contributor
  // is hidden), "type" (hidden by another type at its place or above), "absent".
  std::string_view rule;
};
// Reads everything there twice.
base::Status reasons_at(View& view, const Path& path,
                        const std::function<bool(const Reason& reason)>& visit);

}  // namespace crdt
