#include "store/recent_slots.h"

#include <utility>

namespace store {

const SlotRow* RecentSlots::find(const crdt::Slot& slot) {
  const auto young = young_.find(slot);
  if (young != young_.end()) return &young->second;
  auto old = old_.extract(slot);
  if (old.empty()) return nullptr;
  make_room();
  return &young_.insert(std::move(old)).position->second;
}

void RecentSlots::put(const SlotRow& row) {
  std::size_t bytes = 0;
  for (const crdt::Cell& cell : row.cells) bytes += sizeof(cell) + cell.body.size();
  if (bytes > kBytesMax) return forget(row.slot);
  const auto young = young_.find(row.slot);
  if (young != young_.end()) {
    young->second = row;
    return;
  }
  old_.erase(row.slot);
  make_room();
  young_.emplace(row.slot, row);
}

void RecentSlots::forget(const crdt::Slot& slot) {
  young_.erase(slot);
  old_.erase(slot);
}

void RecentSlots::clear() {
  young_.clear();
  old_.clear();
}

void RecentSlots::make_room() {
  if (young_.size() < kGeneration) return;
  old_ = std::exchange(young_, {});
}

}  // namespace store
