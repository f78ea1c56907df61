#include "crdt/change.h"

#include "crdt/change_format.h"

namespace crdt {

std::uint32_t Effect::span() const {
  if (kind != EffectKind::kInsert || !body) return 1;
  return static_cast<std::uint32_t>(base::count_points(*body));
}

Dot Change::main_dot() const {
  Dot dot{actor, seq, 0};
  for (const Effect& effect : effects) {
    if (effect.body) return dot;
    dot.index += effect.span();
  }
  return {actor, seq, 0};
}

}  // namespace crdt

namespace crdt::format {

const char* contradiction(const Effect& effect) {
  if (!are_ordered(effect.kills)) return "kills that are not in order";
  const bool only_kills = effect.kind == EffectKind::kRemove || effect.kind == EffectKind::kErase;
  if (effect.body && only_kills) return "a removal with a body";
  if (effect.body && effect.slot.type == SlotType::kSubtree) return "a value for a whole subtree";
  const bool insert = effect.kind == EffectKind::kInsert;
  if (insert != effect.anchor.has_value()) return "an insert without an anchor";
  if (!insert) return nullptr;
  if (effect.slot.type != SlotType::kSeq) return "an insert into a slot that is no text";
  if (!effect.body || effect.body->empty() || !base::is_utf8(*effect.body)) {
    return "an insert without a text";
  }
  return nullptr;
}

}  // namespace crdt::format
