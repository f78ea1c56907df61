#include "crdt/slot.h"

#include <algorithm>

namespace crdt {

std::string_view type_name(SlotType type) {
  switch (type) {
    case SlotType::kSubtree:
      return "subtree";
    case SlotType::kGCounter:
      return "gcounter";
    case SlotType::kPnCounter:
      return "pncounter";
    case SlotType::kLwwRegister:
      return "lww_register";
    case SlotType::kMvRegister:
      return "mv_register";
    case SlotType::kOrSet:
      return "orset";
    case SlotType::kMap:
      return "crdt_map";
    case SlotType::kSeq:
      return "seq";
    case SlotType::kReset:
      return "reset";
  }
  return "unknown";
}

std::optional<SlotType> type_from_name(std::string_view name) {
  if (name == "gcounter") return SlotType::kGCounter;
  if (name == "pncounter") return SlotType::kPnCounter;
  if (name == "lww_register") return SlotType::kLwwRegister;
  if (name == "mv_register") return SlotType::kMvRegister;
  if (name == "orset") return SlotType::kOrSet;
  if (name == "crdt_map") return SlotType::kMap;
  if (name == "seq" || name == "rga" || name == "seq_crdt") return SlotType::kSeq;
  if (name == "reset") return SlotType::kReset;
  return std::nullopt;
}

bool reaches(const Slot& target, const Slot& slot) {
  if (target.type != SlotType::kSubtree) return target == slot;
  return target.object == slot.object && target.path.size() <= slot.path.size() &&
         std::equal(target.path.begin(), target.path.end(), slot.path.begin());
}

SlotType root_type(const Slot& slot) {
  if (slot.path.empty()) return slot.type;
  bool set_element = slot.path.size() == 1 && slot.type == SlotType::kOrSet;
  return set_element ? SlotType::kOrSet : SlotType::kMap;
}

}  // namespace crdt
