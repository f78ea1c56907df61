#include "crdt/types/sequence/element_ids.h"

#include <algorithm>

namespace crdt {

std::uint32_t ElementIds::intern(const ActorId& id) {
  if (last_actor_ < actors_.size() && actors_[last_actor_].id == id) return last_actor_;
  auto [at, added] = by_id_.try_emplace(id, static_cast<std::uint32_t>(actors_.size()));
  if (added) actors_.push_back({id, 0, {}});
  return last_actor_ = at->second;
}

Element ElementIds::next(const ActorId& actor) {
  const std::uint32_t index = intern(actor);
  return {index, actors_[index].count};
}

Element ElementIds::add(const Dot& first, std::uint32_t span) {
  const std::uint32_t actor_index = intern(first.actor);
  Actor& actor = actors_[actor_index];
  const Element element{actor_index, actor.count};
  actor.count += span;
  if (!actor.stretches.empty()) {
    Stretch& last = actor.stretches.back();
    const std::uint32_t length = element.number - last.number;
    const bool same_change = !last.by_seq || length == 1;
    if (same_change && first.seq == last.seq && first.index == last.index + length) {
      last.by_seq = 0;
      return element;
    }
    const bool one_each = (last.by_seq || length == 1) && span == 1;
    if (one_each && first.index == last.index && first.seq == last.seq + length) {
      last.by_seq = 1;
      return element;
    }
  }
  Stretch next;
  next.seq = first.seq;
  next.number = element.number;
  next.index = first.index & 0x7fffffffu;
  next.by_seq = 0;
  actor.stretches.push_back(next);
  return element;
}

std::optional<Element> ElementIds::find(const Dot& dot) const {
  std::uint32_t index = last_actor_;
  if (index >= actors_.size() || actors_[index].id != dot.actor) {
    const auto at = by_id_.find(dot.actor);
    if (at == by_id_.end()) return std::nullopt;
    index = at->second;
  }
  const Actor& actor = actors_[index];
  auto after = std::upper_bound(actor.stretches.begin(), actor.stretches.end(), dot,
                                [](const Dot& one, const Stretch& stretch) {
                                  return one.seq != stretch.seq ? one.seq < stretch.seq
                                                                : one.index < stretch.index;
                                });
  if (after == actor.stretches.begin()) return std::nullopt;
  const std::uint32_t end = after == actor.stretches.end() ? actor.count : after->number;
  const Stretch& stretch = *std::prev(after);
  std::uint64_t offset = 0;
  if (stretch.by_seq) {
    if (dot.index != stretch.index) return std::nullopt;
    offset = dot.seq - stretch.seq;
  } else {
    if (dot.seq != stretch.seq) return std::nullopt;
    offset = dot.index - stretch.index;
  }
  if (offset >= end - stretch.number) return std::nullopt;
  return Element{index, stretch.number + static_cast<std::uint32_t>(offset)};
}

Dot ElementIds::dot_of(Element element) const {
  const Actor& actor = actors_[element.actor];
  const Stretch* stretch = &actor.stretches.back();
  if (element.number < stretch->number) {
    auto after = std::upper_bound(
        actor.stretches.begin(), actor.stretches.end(), element.number,
        [](std::uint32_t number, const Stretch& one) { return number < one.number; });
    stretch = &*std::prev(after);
  }
  const std::uint32_t offset = element.number - stretch->number;
  if (stretch->by_seq) return {actor.id, stretch->seq + offset, stretch->index};
  return {actor.id, stretch->seq, stretch->index + offset};
}

std::uint32_t ElementIds::in_one_change(Element element, std::uint32_t most) const {
  const Actor& actor = actors_[element.actor];
  auto after = std::upper_bound(
      actor.stretches.begin(), actor.stretches.end(), element.number,
      [](std::uint32_t number, const Stretch& one) { return number < one.number; });
  if (std::prev(after)->by_seq) return 1;
  const std::uint32_t end = after == actor.stretches.end() ? actor.count : after->number;
  return std::min(most, end - element.number);
}

std::size_t ElementIds::bytes() const {
  std::size_t bytes = 0;
  for (const Actor& actor : actors_) {
    bytes += sizeof(Actor) + 64 + actor.stretches.capacity() * sizeof(Stretch);
  }
  return bytes;
}

}  // namespace crdt
