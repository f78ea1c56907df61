#include "store/lanes.h"

#include "crdt/catalog/entry.h"
#include "store/row.h"

namespace store {
namespace {

Lane lane_of(const crdt::Slot& slot) {
  if (slot.path.size() <= 1) return {std::nullopt, slot.type};
  return {slot.path.back(), slot.type};
}

bool may_have_lane(const crdt::Slot& slot, const Lane& lane) {
  const bool catalog = crdt::is_catalog(slot.object);
  if (!catalog || slot.path.size() > 2) return false;
  if (!lane.name) return true;
  return lane.type != crdt::SlotType::kOrSet && lane.name->size() <= kLaneNameMax;
}

std::int64_t checksum(std::int64_t index, const Lane& lane) {
  RowChecksum sum('l');
  sum.number(index).number(static_cast<std::int64_t>(lane.type)).number(lane.name ? 1 : 0);
  return sum.bytes(lane.name ? *lane.name : std::string()).value();
}

}  // namespace

Lanes::Lanes(Database& database)
    : database_(database),
      select_(database, "SELECT idx, type, name, sum FROM lanes ORDER BY idx"),
      last_(database, "SELECT max(idx) FROM lanes"),
      insert_(database, "INSERT INTO lanes(idx, type, name, sum) VALUES(?1, ?2, ?3, ?4)") {}

base::Status Lanes::load() {
  lanes_.clear();
  numbers_.clear();
  touched_ = false;
  ASSIGN_OR_RETURN(Loan select, select_.use());
  for (;;) {
    ASSIGN_OR_RETURN(bool row, select->step());
    if (!row) return {};
    const std::int64_t index = select->integer(0);
    Lane lane;
    lane.type = static_cast<crdt::SlotType>(select->integer(1));
    if (!select->is_null(2)) lane.name = std::string(select->blob(2));
    const bool next = index == static_cast<std::int64_t>(lanes_.size()) + 1 && index <= kLanesMax;
    if (!next || select->integer(3) != checksum(index, lane)) return corrupt(index);
    numbers_.emplace(lane, static_cast<int>(index));
    lanes_.push_back(std::move(lane));
  }
}

base::Status Lanes::refresh() {
  {
    ASSIGN_OR_RETURN(Loan last, last_.use());
    ASSIGN_OR_RETURN(bool row, last->step());
    if (row && last->integer(0) == static_cast<std::int64_t>(lanes_.size())) return {};
  }
  return load();
}

std::optional<int> Lanes::find(const crdt::Slot& slot) const {
  const Lane lane = lane_of(slot);
  if (!may_have_lane(slot, lane)) return kOwnLane;
  const auto found = numbers_.find(lane);
  if (found != numbers_.end()) return found->second;
  if (lanes_.size() < kLanesMax) return std::nullopt;
  return kOwnLane;
}

base::Result<int> Lanes::intern(const crdt::Slot& slot) {
  if (const auto known = find(slot)) return *known;
  const int index = static_cast<int>(lanes_.size()) + 1;
  Lane lane = lane_of(slot);
  ASSIGN_OR_RETURN(Loan insert, insert_.use());
  insert->bind(1, index).bind(2, static_cast<std::int64_t>(lane.type));
  if (lane.name) {
    insert->bind_blob(3, *lane.name);
  } else {
    insert->bind_null(3);
  }
  insert->bind(4, checksum(index, lane));
  touched_ = true;
  RETURN_IF_ERROR(insert->run());
  numbers_.emplace(lane, index);
  lanes_.push_back(std::move(lane));
  return index;
}

base::Result<const Lane*> Lanes::at(int index) const {
  if (index < 1 || index > static_cast<int>(lanes_.size())) return corrupt(index);
  return &lanes_[static_cast<std::size_t>(index) - 1];
}

base::Error Lanes::corrupt(std::int64_t row) const { return corrupt_row(database_, "lanes", row); }

}  // namespace store
