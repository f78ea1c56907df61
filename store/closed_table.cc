#include "store/closed_table.h"

#include <utility>

namespace store {

crdt::Digest ClosedTable::digest_of(const std::vector<ActorEntry>& actors) {
  crdt::Digest sum;
  for (const auto& [id, actor] : actors) {
    if (actor.head.seq > 0) sum.add(crdt::vector_element(id, actor.head));
  }
  return sum;
}

ClosedTable::ClosedTable(const std::vector<ActorEntry>& actors, const crdt::Digest& digest,
                         const ClosedTable* former)
    : digest_(digest) {
  std::vector<crdt::PackedVector::Entry> entries;
  std::vector<std::uint64_t> kinds;
  std::map<Kind, std::uint64_t> numbers;
  entries.reserve(actors.size());
  kinds.reserve(actors.size());
  for (const auto& [id, actor] : actors) {
    entries.push_back({static_cast<std::uint64_t>(actor.index), id, actor.head});
    const bool pruned = actor.floor == actor.head.seq;
    const Kind kind{actor.node, actor.left, actor.alone, pruned};
    const auto [number, added] = numbers.try_emplace(kind, kinds_.size());
    if (added) kinds_.push_back(kind);
    kinds.push_back(number->second);
    const bool partly = actor.floor != 0 && !pruned;
    if (partly || !actor.head_named()) odds_[actor.index] = {actor.floor, actor.named_seq};
    if (!actor.head_named()) unnamed_.push_back(id);
  }
  kinds_.shrink_to_fit();
  unnamed_.shrink_to_fit();
  kind_of_ = crdt::PackedNumbers(kinds);
  vector_ = crdt::PackedVector::of(entries, former ? former->vector().get() : nullptr, digest.low);
}

std::optional<Actor> ClosedTable::find(const base::ActorId& id) const {
  const auto place = vector_->find(id);
  if (!place) return std::nullopt;
  return at(*place);
}

std::optional<base::ActorId> ClosedTable::id_of(std::int64_t index) const {
  const auto place = vector_->find_number(static_cast<std::uint64_t>(index));
  if (!place) return std::nullopt;
  return vector_->actor_at(*place);
}

Actor ClosedTable::at(std::size_t place) const {
  const crdt::PackedVector::Entry entry = vector_->at(place);
  const Kind& kind = kinds_[kind_of_[place]];
  Actor actor;
  actor.index = static_cast<std::int64_t>(entry.number);
  actor.head = entry.head;
  actor.floor = kind.pruned ? entry.head.seq : 0;
  actor.named_seq = entry.head.seq;
  actor.node = kind.node;
  actor.left = kind.left;
  actor.alone = kind.alone;
  actor.closed = true;
  actor.in_block = true;
  const auto odd = odds_.find(actor.index);
  if (odd == odds_.end()) return actor;
  actor.floor = odd->second.floor;
  actor.named_seq = odd->second.named_seq;
  return actor;
}

std::int64_t ClosedTable::last_index() const {
  if (size() == 0) return 0;
  return static_cast<std::int64_t>(vector_->at(size() - 1).number);
}

void ClosedShare::put(std::shared_ptr<const ClosedState> state, From from) {
  if (from == From::kRead && std::atomic_load(&newest_)) {
    std::atomic_store(&other_, std::move(state));
    return;
  }
  const crdt::Digest digest = state->digest;
  std::shared_ptr<const ClosedState> before = std::atomic_exchange(&newest_, std::move(state));
  if (before && before->digest != digest) std::atomic_store(&other_, std::move(before));
}

std::shared_ptr<const ClosedState> ClosedShare::find(const crdt::Digest& digest) const {
  if (auto newest = std::atomic_load(&newest_); newest && newest->digest == digest) return newest;
  auto other = std::atomic_load(&other_);
  return other && other->digest == digest ? other : nullptr;
}

}  // namespace store
