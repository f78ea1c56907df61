#include "agent/replica/unconfirmed.h"

#include <algorithm>

namespace agent {

void Unconfirmed::load(store::Actors& actors) {
  actors.visit([this](const base::ActorId& id, const store::Actor& actor) {
    if (actor.alone) confirmed_.emplace(id, actor.floor);
    return true;
  });
}

void Unconfirmed::add(store::Actors& actors, const base::ActorId& actor, Stored& facts) {
  actors.set_alone(actor, true);
  if (confirmed_.try_emplace(actor, 0).second) facts.alone.push_back(actor);
}

void Unconfirmed::confirm(store::Actors& actors, const ConfirmOwn& confirmed,
                          const base::ActorId& own, Stored& facts) {
  const auto found = confirmed_.find(confirmed.actor);
  if (found == confirmed_.end()) return;
  const std::uint64_t head = actors.vector().seq_of(confirmed.actor);
  found->second = std::max(found->second, std::min(confirmed.seq, head));
  facts.confirmed.emplace_back(found->first, found->second);
  if (found->first == own || found->second < head) return;
  actors.set_alone(found->first, false);
  confirmed_.erase(found);
}

std::vector<base::ActorId> Unconfirmed::names() const {
  std::vector<base::ActorId> found;
  for (const auto& [id, confirmed] : confirmed_) found.push_back(id);
  return found;
}

}  // namespace agent
