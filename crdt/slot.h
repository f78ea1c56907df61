#pragma once

// A slot is a place that holds cells: (object, path, type). Two types written at one path are two
// slots, so neither is lost. A fixed rule picks the one that is shown.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crdt {

// The numbers are part of the wire and file format and are never reused. Unknown numbers are kept
// and passed on (rule 12).
enum class SlotType : std::uint8_t {
  kSubtree = 0,  // never of a cell: an effect that removes at a path and everywhere below it
  kGCounter = 1,
  kPnCounter = 2,
  kLwwRegister = 3,
  kMvRegister = 4,
  kOrSet = 5,
  kMap = 6,  // at a path: the presence of the entry, an OR-Set of one
  kSeq = 7,
  kReset = 8,  // the register written by a whole-object write of an entry
};

std::string_view type_name(SlotType type);  // "lww_register"; "unknown" if unknown
std::optional<SlotType> type_from_name(std::string_view name);  // "rga" and "seq_crdt" mean kSeq

inline constexpr std::size_t kObjectNameMax = 512;      // bytes
inline constexpr std::size_t kPathDepthMax = 16;        // components
inline constexpr std::size_t kPathComponentMax = 1024;  // bytes; may hold any byte
// Of a path that a client writes, all components together: percent-encoded it fits the head of a
// request.
inline constexpr std::size_t kWrittenPathMax = 4096;

struct Slot {
  std::string object;
  std::vector<std::string> path;
  SlotType type = SlotType::kLwwRegister;
  auto operator<=>(const Slot&) const = default;
};

// True if an effect on `target` can remove dots of `slot`: it is the same slot, or `target` is a
// subtree that has it.
bool reaches(const Slot& target, const Slot& slot);

// The type of the object that has this slot: at the top level the slot's own type, one level below
// it an OR-Set for elements of a set, otherwise a map.
SlotType root_type(const Slot& slot);

}  // namespace crdt
