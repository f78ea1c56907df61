#include "store/slot_scan.h"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "store/row.h"

namespace store {
namespace {

bool starts_with(const std::vector<std::string>& path, const std::vector<std::string>& start) {
  return path.size() >= start.size() && std::equal(start.begin(), start.end(), path.begin());
}

// The key of an entry has one component; a field with a row of its own has two. All other keys
// belong to nested maps.
bool is_nested(const NameKey& key) {
  return key.path.size() > 2 || (key.path.size() == 2 && !key.own);
}

// Skips a nested map in one step. The step starts behind the first row of the map: fields with a
// row of their own at the same path stand between that row and the deeper ones.
void leap(OverlayWalk& walk, const ObjectInfo& object, const NameKey& key) {
  if (key.path.size() > 2) walk.skip_to(after_all_below(entry_key(object.index, key.path, 2)));
}

}  // namespace

base::Result<crdt::Entry> SlotScan::entry(const ObjectInfo& object, std::string_view id) {
  crdt::Entry entry;
  entry.object = object.name;
  entry.id = id;
  base::Bytes from = object_key(object.index);
  append_component(from, id);
  OverlayWalk walk(names_, overlay_, from, after_all_below(from));
  for (;;) {
    ASSIGN_OR_RETURN(const NameRow* row, walk.next());
    if (!row) return entry;
    ASSIGN_OR_RETURN(const NameKey key, parse(*row));
    if (is_nested(key)) {
      leap(walk, object, key);
      continue;
    }
    ASSIGN_OR_RETURN(std::vector<SlotRow> slots, slots_of(object, *row, key));
    add_to_entry(std::move(slots), entry);
  }
}

base::Status SlotScan::entries(const ObjectInfo& object, std::optional<std::string_view> after,
                               const std::function<bool(const crdt::Entry&)>& visit) {
  const base::Bytes all = object_key(object.index);
  base::Bytes from = all;
  if (after) {
    append_component(from, *after);
    from = after_all_below(from);
  }
  OverlayWalk walk(names_, overlay_, from, after_all_below(all));
  std::optional<crdt::Entry> entry;
  for (;;) {
    ASSIGN_OR_RETURN(const NameRow* row, walk.next());
    if (!row) break;
    ASSIGN_OR_RETURN(const NameKey key, parse(*row));
    if (key.path.empty()) continue;  // slots of the object itself
    if (is_nested(key)) {
      leap(walk, object, key);
      continue;
    }
    ASSIGN_OR_RETURN(std::vector<SlotRow> slots, slots_of(object, *row, key));
    if (slots.empty()) continue;
    if (entry && entry->id != key.path[0]) {
      if (!visit(*entry)) return {};
      entry.reset();
    }
    if (!entry) {
      entry.emplace();
      entry->object = object.name;
      entry->id = key.path[0];
    }
    add_to_entry(std::move(slots), *entry);
  }
  if (entry) visit(*entry);
  return {};
}

base::Result<bool> SlotScan::slots(const ObjectInfo& object, const std::vector<std::string>& path,
                                   const std::function<bool(const SlotRow&)>& visit) {
  Pending pending;
  const auto below = [&](const crdt::Slot& slot) { return starts_with(slot.path, path); };
  if (path.size() >= 2) {  // the slots at this path are lanes of the parent entry
    NameKey parent{static_cast<std::uint32_t>(object.index), path, std::nullopt};
    parent.path.pop_back();
    NameRow row{entry_key(object.index, path, path.size() - 1), 0};
    ASSIGN_OR_RETURN(row.id, names_.find(row.key));
    RETURN_IF_ERROR(add(object, row, parent, below, pending));
  }
  const base::Bytes from = entry_key(object.index, path, path.size());
  return walk(object, from, after_all_below(from), pending, below, visit);
}

base::Status SlotScan::slots_after(const ObjectInfo& object, const crdt::Slot* after,
                                   const std::function<bool(SlotRow&)>& visit) {
  Pending pending;
  const auto wanted = [&](const crdt::Slot& slot) {
    return !after || std::tie(after->path, after->type) < std::tie(slot.path, slot.type);
  };
  base::Bytes from = object_key(object.index);
  const base::Bytes bound = after_all_below(from);
  if (after) {
    // An entry above `after` has lanes before and behind it. All other rows are where they sort.
    NameKey key{static_cast<std::uint32_t>(object.index), {}, std::nullopt};
    for (std::size_t depth = 0; depth < after->path.size(); ++depth) {
      NameRow row{entry_key(object.index, after->path, depth), 0};
      ASSIGN_OR_RETURN(row.id, names_.find(row.key));
      RETURN_IF_ERROR(add(object, row, key, wanted, pending));
      key.path.push_back(after->path[depth]);
    }
    from = entry_key(object.index, after->path, after->path.size());
  }
  const auto walked = walk(object, from, bound, pending, wanted, visit);
  return walked.ok() ? base::Status() : walked.error();
}

base::Result<bool> SlotScan::walk(const ObjectInfo& object, base::BytesView from,
                                  base::BytesView bound, Pending& pending,
                                  const std::function<bool(const crdt::Slot&)>& wanted,
                                  const std::function<bool(SlotRow&)>& visit) {
  OverlayWalk walk(names_, overlay_, from, bound);
  for (;;) {
    ASSIGN_OR_RETURN(const NameRow* row, walk.next());
    if (!row) break;
    ASSIGN_OR_RETURN(const NameKey key, parse(*row));
    // Later rows have no path below this one, but they may have another type at this path.
    if (!show_below(pending, &key.path, visit)) return false;
    RETURN_IF_ERROR(add(object, *row, key, wanted, pending));
  }
  return show_below(pending, nullptr, visit);
}

base::Status SlotScan::add(const ObjectInfo& object, const NameRow& row, const NameKey& key,
                           const std::function<bool(const crdt::Slot&)>& wanted, Pending& pending) {
  ASSIGN_OR_RETURN(std::vector<SlotRow> slots, slots_of(object, row, key));
  std::erase_if(slots, [&](const SlotRow& slot) { return !wanted(slot.slot); });
  pending.add(std::move(slots));
  return {};
}

void SlotScan::Pending::add(std::vector<SlotRow> rows) {
  const auto before = [](const SlotRow& a, const SlotRow& b) {
    return std::tie(a.slot.path, a.slot.type) < std::tie(b.slot.path, b.slot.type);
  };
  std::sort(rows.begin(), rows.end(), before);
  if (empty()) {
    rows_ = std::move(rows);
  } else {  // slots of nested maps come between slots of their parent entry
    std::vector<SlotRow> merged;
    std::merge(std::move_iterator(rows_.begin() + static_cast<std::ptrdiff_t>(at_)),
               std::move_iterator(rows_.end()), std::move_iterator(rows.begin()),
               std::move_iterator(rows.end()), std::back_inserter(merged), before);
    rows_ = std::move(merged);
  }
  at_ = 0;
}

// Visits the pending slots whose path is smaller than `path`, or all when `path` is null. False:
// the visitor wants no more.
bool SlotScan::show_below(Pending& pending, const std::vector<std::string>* path,
                          const std::function<bool(SlotRow&)>& visit) {
  while (!pending.empty() && (!path || pending.front().slot.path < *path)) {
    if (!visit(pending.pop())) return false;
  }
  return true;
}

base::Result<NameKey> SlotScan::parse(const NameRow& row) const {
  auto key = parse_name_key(row.key);
  if (!key) return corrupt_row(database_, "names", base::to_hex(row.key));
  return std::move(*key);
}

base::Result<bool> SlotScan::any(std::int64_t object, std::size_t names_max) {
  const base::Bytes first = object_key(object);
  OverlayWalk walk(names_, overlay_, first, after_all_below(first));
  for (std::size_t names = 0; names < names_max; ++names) {
    ASSIGN_OR_RETURN(const NameRow* row, walk.next());
    if (!row) return false;
    ASSIGN_OR_RETURN(const std::vector<Lived> cells, lived(*row));
    if (!cells.empty()) return true;
  }
  return false;
}

base::Result<std::vector<SlotScan::Lived>> SlotScan::lived(const NameRow& row) {
  std::vector<Lived> cells;
  if (row.id != 0) {
    ASSIGN_OR_RETURN(std::vector<CellRows::Row> rows, rows_.of_name(row.id));
    rows_met_ += static_cast<std::int64_t>(rows.size());
    cells.reserve(rows.size());
    for (auto& [lane, live] : rows) {
      cells.push_back({lane, std::move(live), CellRows::row_id(row.id, lane)});
    }
  }
  if (overlay_.empty()) return cells;
  for (const Overlay::Held& held : overlay_.of_name(row.key)) {
    const auto at = std::lower_bound(cells.begin(), cells.end(), held.lane,
                                     [](const Lived& a, int lane) { return a.lane < lane; });
    const bool hides = at != cells.end() && at->lane == held.lane;
    if (!held.cells) {
      if (hides) cells.erase(at);
      continue;
    }
    ASSIGN_OR_RETURN(crdt::Cells live, rows_.unpack(*held.cells));
    if (hides) {
      at->cells = std::move(live);
    } else {
      cells.insert(at, {held.lane, std::move(live), 0});
    }
  }
  return cells;
}

base::Result<std::vector<SlotRow>> SlotScan::slots_of(const ObjectInfo& object, const NameRow& row,
                                                      const NameKey& key) {
  ASSIGN_OR_RETURN(std::vector<Lived> cells, lived(row));
  std::vector<SlotRow> slots;
  slots.reserve(cells.size());
  for (auto& [lane, live, id] : cells) {
    SlotRow slot;
    slot.slot.object = object.name;
    slot.slot.path.reserve(key.path.size() + 1);
    slot.slot.path = key.path;
    slot.cells = std::move(live);
    slot.id = id;
    slot.stored = true;
    if (key.own.has_value() != (lane == kOwnLane)) {
      return corrupt_row(database_, "cells", CellRows::row_id(row.id, lane));
    }
    if (key.own) {
      slot.slot.type = *key.own;
    } else {
      ASSIGN_OR_RETURN(const Lane* known, lanes_.at(lane));
      slot.slot.type = known->type;
      if (known->name) slot.slot.path.push_back(*known->name);
    }
    slots.push_back(std::move(slot));
  }
  return slots;
}

void SlotScan::add_to_entry(std::vector<SlotRow> slots, crdt::Entry& entry) {
  for (SlotRow& slot : slots) {
    const crdt::SlotType type = slot.slot.type;
    if (slot.slot.path.size() == 1) {
      if (type == crdt::SlotType::kMap) entry.presence = std::move(slot.cells);
      if (type == crdt::SlotType::kReset) entry.reset = std::move(slot.cells);
    } else if (type == crdt::SlotType::kLwwRegister) {
      entry.fields[slot.slot.path.back()] = std::move(slot.cells);
    }
  }
}

}  // namespace store
