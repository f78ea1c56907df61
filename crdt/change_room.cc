#include "crdt/change_room.h"

#include <algorithm>

#include "crdt/change_format.h"

namespace crdt {
namespace {

// The longest encodings. A kill is five numbers, and an actor if no other part names it. An effect
// is its kind, the length and type of its slot, the lengths of its lists, a stamp, and an anchor
// with its actor.
constexpr std::size_t kKillBytes = 50;
constexpr std::size_t kKillItems = 6;
constexpr std::size_t kEffectBytes = 92;
constexpr std::size_t kEffectItems = 18;
constexpr std::size_t kLengthBytes = 5;

}  // namespace

void ChangeMeter::add(const Effect& effect) {
  const Slot& slot = effect.slot;
  std::size_t shared = 0;
  if (taken_.effects > 0 && before_.object == slot.object) {
    shared = 1;
    const std::size_t depth = std::min(before_.path.size(), slot.path.size());
    while (shared <= depth && before_.path[shared - 1] == slot.path[shared - 1]) ++shared;
  }
  ++taken_.effects;
  taken_.items += kEffectItems + kKillItems * effect.kills.size() + slot.path.size();
  taken_.slot_bytes += format::slot_charge(slot);
  taken_.bytes += kEffectBytes + kKillBytes * effect.kills.size();
  if (shared == 0) taken_.bytes += kLengthBytes + slot.object.size();
  for (std::size_t i = std::max<std::size_t>(shared, 1) - 1; i < slot.path.size(); ++i) {
    taken_.bytes += kLengthBytes + slot.path[i].size();
  }
  if (effect.body) taken_.bytes += effect.body->size() + effect.stamp.writer.size();
  kills_max_ = std::max(kills_max_, effect.kills.size());
  before_ = slot;
}

void ChangeMeter::add(const std::vector<Effect>& effects) {
  for (const Effect& effect : effects) add(effect);
}

bool ChangeMeter::within(const ChangeRoom& room) const {
  return taken_.effects <= room.effects && taken_.bytes <= room.bytes &&
         taken_.slot_bytes <= room.slot_bytes && taken_.items <= room.items &&
         kills_max_ <= kEffectKillsMax;
}

}  // namespace crdt
