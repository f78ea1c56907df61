#include "random_change.h"

#include "samples.h"

namespace crdt::samples {
namespace {

std::uint64_t any_number(base::Random& random) {
  switch (random.below(4)) {
    case 0:
      return random.below(4);
    case 1:
      return random.below(70'000);
    case 2:
      return UINT64_MAX - random.below(3);
    default:
      return random.next();
  }
}

std::int64_t any_nanos(base::Random& random) {
  return static_cast<std::int64_t>(any_number(random));
}

ActorId any_actor(base::Random& random) {
  return actor(static_cast<unsigned char>(random.below(5)));
}

Slot any_slot(base::Random& random, const Change& change) {
  if (!change.effects.empty() && random.chance(2)) {
    Slot slot = change.effects.back().slot;
    if (!slot.path.empty() && random.chance(2)) slot.path.pop_back();
    if (slot.path.size() < kPathDepthMax && random.chance(2)) {
      slot.path.push_back(random.bytes(random.below(5)));
    }
    return slot;
  }
  Slot slot;
  slot.object = random.bytes(random.chance(20) ? kObjectNameMax : random.below(12));
  std::size_t depth = random.chance(20) ? kPathDepthMax : random.below(4);
  for (std::size_t i = 0; i < depth; ++i) {
    slot.path.push_back(random.bytes(random.chance(30) ? kPathComponentMax : random.below(20)));
  }
  slot.type = static_cast<SlotType>(random.chance(8) ? random.below(256) : 1 + random.below(8));
  return slot;
}

Effect any_insert(base::Random& random, Effect effect, const HybridTime& time) {
  effect.slot.type = SlotType::kSeq;
  effect.stamp.time = time;
  effect.body = random.chance(2) ? "a" : "\xC3\xA9\xF0\x9F\x98\x80";
  effect.anchor.emplace();
  effect.anchor->right = random.chance(2);
  if (random.chance(2)) {
    Dot parent{any_actor(random), any_number(random), 0};
    parent.index = static_cast<std::uint32_t>(any_number(random));
    effect.anchor->parent = parent;
  }
  return effect;
}

Effect any_effect(base::Random& random, const Change& change) {
  Effect effect;
  effect.kind = static_cast<EffectKind>(random.chance(8) ? random.below(256) : 1 + random.below(5));
  effect.slot = any_slot(random, change);
  std::vector<Dot> killed;
  for (std::uint64_t i = random.below(6); i > 0; --i) {
    Dot dot{any_actor(random), any_number(random), 0};
    dot.index = static_cast<std::uint32_t>(any_number(random));
    for (std::uint64_t n = random.below(3); n > 0; --n) {
      killed.push_back(dot);
      if (dot.index < UINT32_MAX) ++dot.index;
    }
  }
  effect.kills = runs_of(std::move(killed));
  if (effect.kind == EffectKind::kInsert) return any_insert(random, std::move(effect), change.time);
  if (effect.kind == EffectKind::kErase || effect.slot.type == SlotType::kSubtree) return effect;
  if (effect.kind == EffectKind::kRemove || random.chance(4)) return effect;
  effect.body = random.bytes(random.chance(20) ? 70'000 : random.below(40));
  effect.stamp.time = change.time;
  if (random.chance(2)) return effect;
  effect.stamp.time.nanos = any_nanos(random);
  effect.stamp.time.counter = static_cast<std::uint32_t>(any_number(random));
  if (random.chance(2)) effect.stamp.writer = random.bytes(random.below(kWriterBytesMax + 1));
  return effect;
}

}  // namespace

Change random_change(base::Random& random) {
  Change change;
  change.actor = any_actor(random);
  change.seq = any_number(random);
  if (change.seq == 0) change.seq = 1;
  change.prev = any_number(random);
  change.time.nanos = any_nanos(random);
  change.time.counter = static_cast<std::uint32_t>(any_number(random));
  if (random.chance(3)) change.node = node(static_cast<unsigned char>(random.below(256)));
  std::uint64_t deps = random.below(4);
  for (std::uint64_t i = 0; i < deps; ++i) {
    Dependency& dependency = change.deps.emplace_back();
    dependency.actor = any_actor(random);
    dependency.head.seq = 1 + random.below(1u << 20);
    dependency.head.hash = any_number(random);
  }
  if (random.chance(3)) {
    RequestMark& request = change.request.emplace();
    request.key = random.id<RequestTag>();
    request.content = random.id<RequestTag>();
    request.done = random.bytes(random.below(kRequestDoneMax + 1));
  }
  std::uint64_t effects = random.below(7);
  for (std::uint64_t i = 0; i < effects; ++i) change.effects.push_back(any_effect(random, change));
  return change;
}

}  // namespace crdt::samples
