#include "store/recent_slots.h"

#include <utility>

namespace store {

bool RecentSlots::Less::operator()(const Place& a, const Place& b) const {
  if (a.type != b.type) return a.type < b.type;
  if (const auto order = a.path <=> b.path; order != 0) return order < 0;
  return a.object < b.object;
}

const RecentSlots::Known* RecentSlots::find(const Place& place) {
  const auto young = young_.find(place);
  if (young != young_.end()) return &young->second;
  const auto aged = old_.find(place);
  if (aged == old_.end()) return nullptr;
  auto old = old_.extract(aged);
  make_room();
  return &young_.insert(std::move(old)).position->second;
}

void RecentSlots::put(const SlotRow& row) {
  std::size_t bytes = 0;
  for (const crdt::Cell& cell : row.cells) bytes += sizeof(cell) + cell.body.size();
  if (bytes > kBytesMax) return forget(row.slot);
  const auto young = young_.find(row.slot);
  if (young != young_.end()) {
    young->second = {row.cells, row.id, row.stored};
    return;
  }
  old_.erase(row.slot);
  make_room();
  young_.emplace(row.slot, Known{row.cells, row.id, row.stored});
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
  old_.clear();
  old_.swap(young_);
}

}  // namespace store
