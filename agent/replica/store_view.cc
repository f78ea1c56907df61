#include "agent/replica/store_view.h"

#include <utility>

namespace agent {

using crdt::SlotType;

base::Result<crdt::Cells> StoreView::cells(const crdt::Path& path, SlotType type) {
  if (!changed_.empty()) {
    const auto changed = changed_.find(slot(path, type));
    if (changed != changed_.end()) return changed->second;
  }
  return cells_.cells_at(object_, path, type);
}

// Cells, texts and changed slots are three lists in the same order. They are merged.
base::Status StoreView::below(const crdt::Path& path, const Visit& visit) {
  const crdt::Slot all = slot(path, SlotType::kSubtree);
  std::map<crdt::Slot, crdt::Cells> others;  // that the scan of cells may not meet
  ASSIGN_OR_RETURN(const std::vector<crdt::Slot> texts, cells_.text_slots(object_, path));
  for (const crdt::Slot& text : texts) others.try_emplace(text);
  // In the order of slots those that `all` reaches follow each other.
  for (auto text = texts_.lower_bound(all); text != texts_.end(); ++text) {
    if (!crdt::reaches(all, text->first)) break;
    others.try_emplace(text->first);
  }
  for (auto changed = changed_.lower_bound(all); changed != changed_.end(); ++changed) {
    if (!crdt::reaches(all, changed->first)) break;
    if (changed->second.empty() && changed->first.type != SlotType::kSeq) continue;
    others[changed->first] = changed->second;
  }
  auto other = others.begin();
  bool more = true;
  const auto visit_until = [&](const crdt::Slot* slot) {
    for (; more && other != others.end() && (!slot || other->first < *slot); ++other) {
      more = visit(other->first, other->second);
    }
  };
  // Objects of several types may have this name: their slots follow each other by object, so they
  // are put in order first. Nearly always there is one.
  const auto visit_row = [&](const crdt::Slot& found, const crdt::Cells& cells) {
    visit_until(&found);
    if (!more) return false;
    const bool same = other != others.end() && other->first == found;
    const bool changed = changed_.contains(found);
    if (same) ++other;
    if (changed && changed_.at(found).empty() && !same) return true;
    more = visit(found, changed ? changed_.at(found) : cells);
    return more;
  };
  RETURN_IF_ERROR(scan_in_order(path, visit_row));
  visit_until(nullptr);
  return {};
}

base::Status StoreView::scan_in_order(const crdt::Path& path, const Visit& visit) {
  ASSIGN_OR_RETURN(const std::size_t types, cells_.types_of(object_));
  if (types <= 1) {
    return cells_.scan_slots(object_, path,
                             [&](const store::SlotRow& row) { return visit(row.slot, row.cells); });
  }
  std::map<crdt::Slot, crdt::Cells> rows;
  RETURN_IF_ERROR(cells_.scan_slots(object_, path, [&](const store::SlotRow& row) {
    rows.emplace(row.slot, row.cells);
    return true;
  }));
  for (const auto& [slot, cells] : rows) {
    if (!visit(slot, cells)) return {};
  }
  return {};
}

base::Result<const crdt::Sequence*> StoreView::text(const crdt::Path& path,
                                                    const crdt::TextNeed& need) {
  const auto copy = texts_.find(slot(path, SlotType::kSeq));
  if (copy == texts_.end()) return cells_.texts().open(slot(path, SlotType::kSeq), need);
  RETURN_IF_ERROR(cells_.texts().complete(copy->first, copy->second, need));
  return &copy->second;
}

base::Result<std::string> StoreView::shown_text(const crdt::Path& path) {
  const auto copy = texts_.find(slot(path, SlotType::kSeq));
  if (copy != texts_.end()) return cells_.texts().shown(copy->first, copy->second);
  return cells_.texts().shown(slot(path, SlotType::kSeq));
}

base::Result<crdt::Sequence*> StoreView::copy_of(const crdt::Slot& slot) {
  const auto known = texts_.find(slot);
  if (known != texts_.end()) return &known->second;
  ASSIGN_OR_RETURN(const crdt::Sequence* stored,
                   cells_.texts().open(slot, [](const crdt::Sequence&) {}));
  return &texts_.emplace(slot, stored ? *stored : crdt::Sequence()).first->second;
}

base::Status StoreView::erase(const crdt::Slot& slot, const crdt::DotRuns& kills) {
  const auto need = [&](const crdt::Sequence& text) {
    for (const crdt::DotRun& run : kills) text.need_for_erase(run);
  };
  ASSIGN_OR_RETURN(const crdt::Sequence* stored, text(slot.path, need));
  if (!stored || kills.empty()) return {};
  ASSIGN_OR_RETURN(crdt::Sequence * copy, copy_of(slot));
  for (const crdt::DotRun& run : kills) copy->apply_erase(run);
  return {};
}

base::Status StoreView::kill(const crdt::Slot& slot, const crdt::Cells& cells,
                             const crdt::DotRuns& kills) {
  crdt::Cells left = cells;
  crdt::Digest unused;
  if (crdt::kill_cells(slot, kills, left, unused)) changed_[slot] = std::move(left);
  return {};
}

base::Status StoreView::put_on_top(const crdt::Effect& effect, const crdt::Dot& first) {
  if (effect.slot.type == SlotType::kSubtree) {
    std::vector<std::pair<crdt::Slot, crdt::Cells>> found;
    RETURN_IF_ERROR(below(effect.slot.path, [&](const crdt::Slot& slot, const crdt::Cells& cells) {
      found.emplace_back(slot, cells);
      return true;
    }));
    for (const auto& [slot, cells] : found) {
      RETURN_IF_ERROR(kill(slot, cells, effect.kills));
      if (slot.type == SlotType::kSeq) RETURN_IF_ERROR(erase(slot, effect.kills));
    }
    return {};
  }
  if (effect.slot.type == SlotType::kSeq) RETURN_IF_ERROR(erase(effect.slot, effect.kills));
  if (effect.anchor) {
    ASSIGN_OR_RETURN(crdt::Sequence * copy, copy_of(effect.slot));
    RETURN_IF_ERROR(cells_.texts().complete(effect.slot, *copy, [&](const crdt::Sequence& text) {
      text.need_for_insert(*effect.anchor, first.actor);
    }));
    copy->apply_insert(*effect.anchor, first, *effect.body);
    return {};
  }
  ASSIGN_OR_RETURN(crdt::Cells present, cells(effect.slot.path, effect.slot.type));
  crdt::Digest unused;
  crdt::apply_effect(effect, first, present, unused);
  changed_[effect.slot] = std::move(present);
  return {};
}

}  // namespace agent
