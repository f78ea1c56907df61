#include "peer.h"

#include "crdt/base/check.h"

namespace crdt::laws {

std::optional<Peer::Written> Peer::write(const base::Now& now, const std::vector<Plan>& plans) {
  Written written;
  Change& change = written.change;
  Head head = vector_.head_of(actor_);
  change.actor = actor_;
  change.seq = head.seq + 1;
  change.prev = head.hash;
  change.time = clock_.tick(now);
  change.deps = moved_since_last_seal();
  std::uint32_t next = 0;
  for (const Plan& plan : plans) {
    std::vector<Effect> effects = plan(change.time);
    written.effects.push_back(effects.size());
    for (Effect& effect : effects) {
      apply(effect, {change.actor, change.seq, next});
      next += effect.span();
      change.effects.push_back(std::move(effect));
    }
  }
  if (change.effects.empty()) return std::nullopt;
  auto sealed = seal(change);
  CHECK(sealed.ok());
  auto opened = open_change(sealed->bytes);
  CHECK(opened.ok());
  CHECK(opened->change == change);
  before_last_seal_ = vector_;
  vector_.set(actor_, {change.seq, sealed->hash});
  written.sealed = sealed->bytes;
  return written;
}

Peer::Offer Peer::offer(const base::Now& now, base::BytesView sealed) {
  auto opened = open_change(sealed);
  CHECK(opened.ok());
  const Change& change = opened->change;
  Head head = vector_.head_of(change.actor);
  if (head.seq >= change.seq) return Offer::kSeen;
  if (head.seq + 1 != change.seq) return Offer::kNotYet;
  CHECK(head.hash == change.prev);
  for (const Dependency& dependency : change.deps) {
    if (!vector_.covers(dependency.actor, dependency.head.seq)) return Offer::kNotYet;
  }
  CHECK(each_effect(change, [this](const Effect& effect, const Dot& dot) -> base::Status {
          apply(effect, dot);
          return {};
        }).ok());
  vector_.set(change.actor, {change.seq, opened->sealed.hash});
  clock_.merge(now, change.time);
  return Offer::kApplied;
}

Entry Peer::entry(const std::string& id) const {
  Entry entry{std::string(kObject), id, {}, {}, {}};
  for (const auto& [slot, cells] : cells_) {
    if (slot.path.at(0) != id) continue;
    if (slot.type == SlotType::kMap) entry.presence = cells;
    if (slot.type == SlotType::kReset) entry.reset = cells;
    if (slot.type == SlotType::kLwwRegister) entry.fields[slot.path.at(1)] = cells;
  }
  return entry;
}

Digest Peer::digest_from_cells() const {
  Digest sum;
  for (const auto& [slot, cells] : cells_) {
    for (const Cell& cell : cells) sum.add(cell_element(slot, cell));
  }
  return sum;
}

void Peer::apply(const Effect& effect, const Dot& dot) {
  if (effect.slot.type == SlotType::kSubtree) {
    for (auto& [slot, cells] : cells_) {
      if (reaches(effect.slot, slot)) kill_cells(slot, effect.kills, cells, digest_);
    }
    std::erase_if(cells_, [](const auto& slot) { return slot.second.empty(); });
    return;
  }
  Cells& cells = cells_[effect.slot];
  apply_effect(effect, dot, cells, digest_);
  if (cells.empty()) cells_.erase(effect.slot);
}

// Our own last change is included when it was sealed under an earlier actor. So the first change of
// a new actor depends on it.
std::vector<Dependency> Peer::moved_since_last_seal() const {
  std::vector<Dependency> deps;
  for (const auto& [actor, head] : before_last_seal_.ahead_in(vector_)) {
    if (actor != actor_) deps.push_back({actor, head});
  }
  return deps;
}

}  // namespace crdt::laws
