#pragma once

// Reads names and cells in order: the entries of a map, and the slots of any object.

#include <functional>
#include <string>
#include <vector>

#include "crdt/catalog/entry.h"
#include "store/cell_rows.h"
#include "store/entry_key.h"
#include "store/lanes.h"
#include "store/names.h"
#include "store/objects.h"
#include "store/overlay.h"
#include "store/slot_row.h"

namespace store {

class SlotScan {
 public:
  // `overlay` hides what is in the file.
  SlotScan(Database& database, Names& names, CellRows& rows, Lanes& lanes, const Overlay& overlay)
      : database_(database), names_(names), rows_(rows), lanes_(lanes), overlay_(overlay) {}

  base::Result<crdt::Entry> entry(const ObjectInfo& object, std::string_view id);
  base::Status entries(const ObjectInfo& object, std::optional<std::string_view> after,
                       const std::function<bool(const crdt::Entry&)>& visit);
  // Returns true if the visitor wants more.
  base::Result<bool> slots(const ObjectInfo& object, const std::vector<std::string>& path,
                           const std::function<bool(const SlotRow&)>& visit);
  // Every slot strictly after `after` (null: from the first), in order of path and type.
  base::Status slots_after(const ObjectInfo& object, const crdt::Slot* after,
                           const std::function<bool(SlotRow&)>& visit);
  // True if one of the first `names_max` names of an object has cells.
  base::Result<bool> any(std::int64_t object, std::size_t names_max);
  // Rows of `cells` that this scan has met, hidden ones too.
  std::int64_t rows_met() const { return rows_met_; }

 private:
  // Slots that were read and not visited yet, in order of path and type.
  class Pending {
   public:
    bool empty() const { return at_ == rows_.size(); }
    const SlotRow& front() const { return rows_[at_]; }
    SlotRow& pop() { return rows_[at_++]; }  // valid until the next add()
    void add(std::vector<SlotRow> rows);

   private:
    std::vector<SlotRow> rows_;
    std::size_t at_ = 0;
  };
  static bool show_below(Pending& pending, const std::vector<std::string>* path,
                         const std::function<bool(SlotRow&)>& visit);
  // Visits in order the pending slots and the slots of the names from `from` to `bound`, if
  // `wanted` accepts them. Returns true if the visitor wants more.
  base::Result<bool> walk(const ObjectInfo& object, base::BytesView from, base::BytesView bound,
                          Pending& pending, const std::function<bool(const crdt::Slot&)>& wanted,
                          const std::function<bool(SlotRow&)>& visit);
  base::Status add(const ObjectInfo& object, const NameRow& row, const NameKey& key,
                   const std::function<bool(const crdt::Slot&)>& wanted, Pending& pending);
  base::Result<NameKey> parse(const NameRow& row) const;
  // The cells of a name in order of lane.
  struct Lived {
    int lane = 0;
    crdt::Cells cells;
    std::int64_t id = 0;  // 0: not in the file
  };
  base::Result<std::vector<Lived>> lived(const NameRow& row);
  // All slots of a name.
  base::Result<std::vector<SlotRow>> slots_of(const ObjectInfo& object, const NameRow& row,
                                              const NameKey& key);
  static void add_to_entry(std::vector<SlotRow> slots, crdt::Entry& entry);

  Database& database_;
  Names& names_;
  CellRows& rows_;
  Lanes& lanes_;
  const Overlay& overlay_;
  std::int64_t rows_met_ = 0;
};

}  // namespace store
