#pragma once

// Small slots that were loaded or saved lately. Plans ask for some slots again and again: the
// marker of a text for each letter, the entry of a catalog for each field. Slots without cells are
// kept too, because most are asked for once more when they are written. At most twice kGeneration
// slots: when the young ones are that many, they become the old ones, and the old ones are dropped.

#include <cstddef>
#include <map>

#include "store/slot_row.h"

namespace store {

class RecentSlots {
 public:
  static constexpr std::size_t kGeneration = 128;
  static constexpr std::size_t kBytesMax =
      512;  // of the cells of one slot; larger ones are left out

  // Null if the slot is not known. Valid until the next call.
  const SlotRow* find(const crdt::Slot& slot);
  void put(const SlotRow& row);  // replaces what was known of the slot
  void forget(const crdt::Slot& slot);
  void clear();

 private:
  using Rows = std::map<crdt::Slot, SlotRow>;
  void make_room();

  Rows young_;
  Rows old_;
};

}  // namespace store
