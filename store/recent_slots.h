#pragma once

// Small slots that were loaded or saved lately. Plans ask for some slots again and again: the
// marker of a text for each letter, the entry of a catalog for each field. Slots without cells are
// kept too, because most are asked for once more when they are written. At most twice kGeneration
// slots: when the young ones are that many, they become the old ones, and the old ones are dropped.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "store/slot_row.h"

namespace store {

class RecentSlots {
 public:
  static constexpr std::size_t kGeneration = 128;
  static constexpr std::size_t kBytesMax =
      512;  // of the cells of one slot; larger ones are left out

  // A slot by its parts, which live elsewhere.
  struct Place {
    std::string_view object;
    const std::vector<std::string>& path;
    crdt::SlotType type;
    Place(const crdt::Slot& slot) : Place(slot.object, slot.path, slot.type) {}
    Place(std::string_view name, const std::vector<std::string>& at, crdt::SlotType of)
        : object(name), path(at), type(of) {}
  };
  // What a SlotRow has beside its slot.
  struct Known {
    crdt::Cells cells;
    std::int64_t id = 0;
    bool stored = false;
  };

  // Null if the slot is not known. Valid until the next call.
  const Known* find(const Place& place);
  void put(const SlotRow& row);  // replaces what was known of the slot
  void forget(const crdt::Slot& slot);
  void clear();

 private:
  struct Less {
    using is_transparent = void;
    bool operator()(const Place& a, const Place& b) const;
  };
  using Rows = std::map<crdt::Slot, Known, Less>;
  void make_room();

  Rows young_;
  Rows old_;
};

}  // namespace store
