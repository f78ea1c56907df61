#include "crdt/catalog/entry.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "crdt/content.h"
#include "crdt/types/or_set.h"
#include "crdt/types/register.h"

namespace crdt {
namespace {

const Cell* winning_cell(const Cells& cells) {
  auto index = winner(cells);
  return index ? &cells[*index] : nullptr;
}

// A reset hides the fields that lose against it, but not the fields of its own change. Equal stamps
// are decided by author and number: hosts without a clock often make equal stamps. Without this,
// two whole objects with one stamp would be shown as a mixture that nobody wrote.
bool hidden_by(const Cell* reset, const Cell& field) {
  return reset != nullptr && std::tie(field.stamp, field.dot.actor, field.dot.seq) <
                                 std::tie(reset->stamp, reset->dot.actor, reset->dot.seq);
}

const Cells& cells_of(const Entry& entry, std::string_view field) {
  static const Cells kNone;
  auto found = entry.fields.find(field);
  return found == entry.fields.end() ? kNone : found->second;
}

void push(std::vector<Effect>& effects, std::optional<Effect> effect) {
  if (effect) effects.push_back(std::move(*effect));
}

void put_fields(const Entry& entry, const Fields& fields, const Stamp& stamp,
                std::vector<Effect>& effects) {
  for (const auto& [key, value] : fields) {
    Slot slot = field_slot(entry.object, entry.id, key);
    effects.push_back(put_over(std::move(slot), cells_of(entry, key), stamp, value));
  }
}

// Plans reset and fields of a whole-object write. Fields that the new object does not have are
// killed.
void plan_object(const Entry& entry, const Fields& metadata, const Stamp& stamp,
                 std::vector<Effect>& effects) {
  effects.push_back(add_presence(reset_slot(entry.object, entry.id), entry.reset, stamp));
  put_fields(entry, metadata, stamp, effects);
  std::vector<Dot> leftover;
  for (const auto& [key, cells] : entry.fields) {
    if (!metadata.contains(key)) append_dots(leftover, cells);
  }
  std::vector<Dot> kept;
  append_dots(kept, entry.presence);
  push_removal(entry.object, {entry.id}, std::move(leftover), std::move(kept), {}, effects);
}

Cells all_but(const Cells& cells, const Dot& dot) {
  Cells rest = best_first(cells);
  std::erase_if(rest, [&](const Cell& cell) { return cell.dot == dot; });
  return rest;
}

// Tags name presences only. The author of the removal has also seen the metadata that came with
// them, and what it wrote itself before. Both are gone where it removed the entry, so they must go
// here too, where another presence keeps the entry.
bool was_seen_by_author(const Cell& metadata, const Cells& named,
                        const std::optional<Stamp>& removal) {
  const bool came_with_named = std::any_of(named.begin(), named.end(), [&](const Cell& presence) {
    return presence.dot.actor == metadata.dot.actor && presence.dot.seq == metadata.dot.seq;
  });
  const bool by_author =
      removal && metadata.stamp.writer == removal->writer && metadata.stamp < *removal;
  return came_with_named || by_author;
}

}  // namespace

bool is_catalog(std::string_view object) { return object == "snapshots" || object == "images"; }

Slot entry_slot(std::string_view object, std::string_view id) {
  return {std::string(object), {std::string(id)}, SlotType::kSubtree};
}

Slot presence_slot(std::string_view object, std::string_view id) {
  return {std::string(object), {std::string(id)}, SlotType::kMap};
}

Slot reset_slot(std::string_view object, std::string_view id) {
  return {std::string(object), {std::string(id)}, SlotType::kReset};
}

Slot field_slot(std::string_view object, std::string_view id, std::string_view field) {
  return {std::string(object), {std::string(id), std::string(field)}, SlotType::kLwwRegister};
}

bool exists(const Entry& entry) { return is_present(entry.presence); }

Members shown(const Entry& entry) {
  const Cell* reset = winning_cell(entry.reset);
  Members members;
  for (const auto& [key, cells] : entry.fields) {
    const Cell* field = winning_cell(cells);
    if (field == nullptr || hidden_by(reset, *field)) continue;
    std::string value = shown_value(*field);
    if (!value.empty()) members.emplace_back(key, std::move(value));
  }
  return members;
}

std::string shown_text(const Entry& entry) { return object_text(shown(entry)); }

std::vector<Conflict> conflicts(const Entry& entry) {
  if (!exists(entry)) return {};
  const Cell* reset = winning_cell(entry.reset);
  std::vector<Conflict> found;
  for (const auto& [key, cells] : entry.fields) {
    const Cell* field = winning_cell(cells);
    if (field == nullptr) continue;
    if (hidden_by(reset, *field)) {
      found.push_back({key, *reset, all_but(cells, reset->dot), "reset"});
    } else if (cells.size() > 1) {
      auto losers = all_but(cells, field->dot);
      std::string_view rule = rule_between(*field, losers.front());
      found.push_back({key, *field, std::move(losers), rule});
    }
  }
  return found;
}

Fields fields_of(const Members& members) { return {members.begin(), members.end()}; }

Stamp stamp_for(const Entry& entry, HybridTime time, const Fields* fields) {
  Stamp stamp = raised({time, {}}, entry.reset);
  if (fields == nullptr) {
    stamp = raised(stamp, entry.presence);
    for (const auto& [key, cells] : entry.fields) stamp = raised(stamp, cells);
  } else {
    for (const auto& [field, value] : *fields) stamp = raised(stamp, cells_of(entry, field));
  }
  return stamp;
}

std::vector<Effect> plan_add(const Entry& entry, const Fields& metadata, HybridTime time) {
  Stamp stamp = stamp_for(entry, time, nullptr);
  std::vector<Effect> effects;
  effects.push_back(add_presence(presence_slot(entry.object, entry.id), entry.presence, stamp));
  plan_object(entry, metadata, stamp, effects);
  return effects;
}

std::vector<Effect> plan_put(const Entry& entry, const Fields& metadata, HybridTime time) {
  std::vector<Effect> effects;
  plan_object(entry, metadata, stamp_for(entry, time, nullptr), effects);
  return effects;
}

std::vector<Effect> plan_merge(const Entry& entry, const Fields& fields, HybridTime time) {
  std::vector<Effect> effects;
  put_fields(entry, fields, stamp_for(entry, time, &fields), effects);
  return effects;
}

std::vector<Effect> plan_unset(const Entry& entry, const FieldNames& fields) {
  std::vector<Effect> effects;
  for (const std::string_view field : fields) {
    Slot slot = field_slot(entry.object, entry.id, field);
    push(effects, remove_seen(slot, cells_of(entry, field)));
  }
  return effects;
}

std::vector<Effect> plan_remove(const Entry& entry) {
  std::vector<Dot> dots;
  append_dots(dots, entry.presence);
  append_dots(dots, entry.reset);
  for (const auto& [key, cells] : entry.fields) append_dots(dots, cells);
  std::vector<Effect> effects;
  push_removal(entry.object, {entry.id}, std::move(dots), {}, {}, effects);
  return effects;
}

std::vector<Effect> plan_put_at(const Entry& entry, const Fields& metadata, const Stamp& stamp) {
  const Cell* reset = winning_cell(entry.reset);
  if (reset != nullptr && stamp <= reset->stamp) return {};
  Fields written;
  std::vector<Dot> gone;
  std::vector<Dot> kept;
  append_dots(kept, entry.presence);
  for (const auto& [key, cells] : entry.fields) {
    const Cells lower = below_stamp(cells, stamp);
    const auto value = metadata.find(key);
    if (value != metadata.end() && lower.size() == cells.size()) continue;  // it is replaced
    append_dots(gone, lower);
    for (const Cell& cell : cells) {
      if (cell.stamp >= stamp) kept.push_back(cell.dot);
    }
  }
  for (const auto& [key, value] : metadata) {
    const Cells& cells = cells_of(entry, key);
    if (below_stamp(cells, stamp).size() == cells.size()) written.emplace(key, value);
  }
  std::vector<Effect> effects;
  effects.push_back(add_presence(reset_slot(entry.object, entry.id), entry.reset, stamp));
  put_fields(entry, written, stamp, effects);
  push_removal(entry.object, {entry.id}, std::move(gone), std::move(kept), {}, effects);
  return effects;
}

std::vector<Effect> plan_merge_at(const Entry& entry, const Fields& fields, const Stamp& stamp) {
  const Cell* reset = winning_cell(entry.reset);
  if (reset != nullptr && stamp <= reset->stamp) return {};
  Fields written;
  for (const auto& [key, value] : fields) {
    const Cells& cells = cells_of(entry, key);
    if (below_stamp(cells, stamp).size() == cells.size()) written.emplace(key, value);
  }
  std::vector<Effect> effects;
  put_fields(entry, written, stamp, effects);
  return effects;
}

std::vector<Effect> plan_presence(const Entry& entry, const Stamp& stamp,
                                  std::span<const std::string> tags) {
  const Slot slot = presence_slot(entry.object, entry.id);
  std::vector<Effect> effects;
  if (tags.empty()) {
    effects.push_back(add_presence(slot, entry.presence, stamp));
  } else {
    push(effects, add_tagged(slot, entry.presence, stamp, {}, tags.front()));
  }
  return effects;
}

std::vector<Effect> plan_remove(const Entry& entry, const std::optional<Stamp>& stamp,
                                std::span<const std::string> tags) {
  Cells named = entry.presence;
  if (!tags.empty()) {
    named = with_tags(entry.presence, tags);
    if (named.empty()) return {};
  } else if (stamp) {
    named = below_stamp(entry.presence, *stamp);
  }
  const bool is_last = named.size() == entry.presence.size();
  std::vector<Dot> gone;
  std::vector<Dot> kept;
  append_dots(gone, named);
  const auto take = [&](const Cells& cells) {
    for (const Cell& cell : cells) {
      const bool goes = is_last ? !stamp || cell.stamp < *stamp
                                : !tags.empty() && was_seen_by_author(cell, named, stamp);
      (goes ? gone : kept).push_back(cell.dot);
    }
  };
  take(entry.reset);
  for (const auto& [key, cells] : entry.fields) take(cells);
  for (const Cell& cell : entry.presence) {
    const bool goes = std::any_of(named.begin(), named.end(),
                                  [&](const Cell& one) { return one.dot == cell.dot; });
    if (!goes) kept.push_back(cell.dot);
  }
  std::vector<Effect> effects;
  push_removal(entry.object, {entry.id}, std::move(gone), std::move(kept), {}, effects);
  return effects;
}

}  // namespace crdt
