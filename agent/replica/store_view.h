#pragma once

// What the types see of one object in the store (crdt::View), with the effects of the earlier
// operations of the same request on top. Thread: that of the store or reader.

#include <map>
#include <string>

#include "crdt/types/view.h"
#include "store/cell_table.h"

namespace agent {

class StoreView : public crdt::View {
 public:
  StoreView(store::CellTable& cells, std::string object)
      : cells_(cells), object_(std::move(object)) {}

  const std::string& object() const override { return object_; }
  base::Result<crdt::Cells> cells(const crdt::Path& path, crdt::SlotType type) override;
  base::Status below(const crdt::Path& path, const Visit& visit) override;
  base::Result<const crdt::Sequence*> text(const crdt::Path& path,
                                           const crdt::TextNeed& need) override;
  base::Result<std::string> shown_text(const crdt::Path& path) override;

  // Puts an effect on top of what the store has. The store itself does not change.
  base::Status put_on_top(const crdt::Effect& effect, const crdt::Dot& first);

 private:
  crdt::Slot slot(const crdt::Path& path, crdt::SlotType type) const {
    return {object_, path, type};
  }
  base::Status scan_in_order(const crdt::Path& path, const Visit& visit);
  base::Result<crdt::Sequence*> copy_of(const crdt::Slot& slot);
  base::Status erase(const crdt::Slot& slot, const crdt::DotRuns& kills);
  base::Status kill(const crdt::Slot& slot, const crdt::Cells& cells, const crdt::DotRuns& kills);

  store::CellTable& cells_;
  std::string object_;
  std::map<crdt::Slot, crdt::Cells> changed_;
  std::map<crdt::Slot, crdt::Sequence> texts_;
};

}  // namespace agent
