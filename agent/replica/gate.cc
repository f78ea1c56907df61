#include "agent/replica/gate.h"

#include "crdt/base/plant.h"

namespace agent {

Gate judge(const crdt::VersionVector& vector, const crdt::Opened& opened) {
  if (vector.covers(opened.sealed.actor, opened.sealed.seq)) return Gate::kSeen;
  if (missing(vector, opened)) return Gate::kMissing;
  return opened.envelope_known ? Gate::kReady : Gate::kUnknown;
}

std::optional<std::pair<base::ActorId, std::uint64_t>> missing(const crdt::VersionVector& vector,
                                                               const crdt::Opened& opened) {
  const crdt::SealedChange& sealed = opened.sealed;
  std::uint64_t applied = vector.seq_of(sealed.actor);
  if (sealed.seq <= applied) return std::nullopt;
  if (sealed.seq != applied + 1) return {{sealed.actor, sealed.seq - 1}};
  if (PLANTED(kDepsIgnored)) return std::nullopt;
  for (const crdt::Dependency& dep : opened.change.deps) {
    if (!vector.covers(dep.actor, dep.head.seq)) return {{dep.actor, dep.head.seq}};
  }
  return std::nullopt;
}

}  // namespace agent
