#include "agent/replica/gate.h"

namespace agent {

Gate judge(const crdt::VersionVector& vector, const crdt::Opened& opened) {
  const crdt::SealedChange& sealed = opened.sealed;
  std::uint64_t applied = vector.seq_of(sealed.actor);
  if (sealed.seq <= applied) return Gate::kSeen;
  if (sealed.seq != applied + 1) return Gate::kMissing;
  if (!opened.envelope_known) return Gate::kUnknown;
  for (const crdt::Dependency& dep : opened.change.deps) {
    if (!vector.covers(dep.actor, dep.head.seq)) return Gate::kMissing;
  }
  return Gate::kReady;
}

}  // namespace agent
