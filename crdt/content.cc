#include "crdt/content.h"

#include <algorithm>

#include "crdt/value.h"

namespace crdt {
namespace {

bool holds_values(SlotType type) {
  return type == SlotType::kLwwRegister || type == SlotType::kMvRegister ||
         type == SlotType::kOrSet;
}

bool is_name(std::string_view text) { return base::is_ascii(text) || base::is_utf8(text); }

}  // namespace

bool can_be_named(const Slot& slot) {
  if (!is_name(slot.object)) return false;
  return slot.type > SlotType::kReset || std::all_of(slot.path.begin(), slot.path.end(), is_name);
}

bool can_be_shown(SlotType type, EffectKind kind, base::BytesView body) {
  if (kind != EffectKind::kPut || !holds_values(type)) return true;
  const std::string_view value = value_of(body);
  return value.empty() || is_minified(value);
}

bool can_be_shown(const Change& change) {
  return std::all_of(change.effects.begin(), change.effects.end(), [](const Effect& effect) {
    return !effect.body ||
           (can_be_named(effect.slot) && can_be_shown(effect.slot.type, effect.kind, *effect.body));
  });
}

std::string_view shown_of(const Cell& cell) {
  return cell.kind == EffectKind::kPut ? value_of(cell.body) : std::string_view();
}

std::string shown_value(const Cell& cell) {
  const std::string_view value = shown_of(cell);
  return value.empty() ? std::string() : json_or_quoted(value);
}

}  // namespace crdt
