#include "agent/replica/gate.h"

namespace agent {
namespace {

// Same number, other hash: the two replicas do not mean the same change.
bool contradicts(const crdt::Head& ours, const crdt::Head& theirs) {
  return ours.seq == theirs.seq && ours.hash != theirs.hash;
}

}  // namespace

Gate judge(const crdt::VersionVector& vector, const crdt::Opened& opened) {
  const crdt::SealedChange& sealed = opened.sealed;
  crdt::Head head = vector.head_of(sealed.actor);
  if (contradicts(head, {sealed.seq, sealed.hash})) return Gate::kMismatch;
  if (sealed.seq <= head.seq) return Gate::kSeen;
  if (sealed.seq != head.seq + 1) return Gate::kMissing;
  if (!opened.envelope_known) return Gate::kUnknown;
  if (opened.change.prev != head.hash) return Gate::kMismatch;
  bool missing = false;
  for (const crdt::Dependency& dep : opened.change.deps) {
    crdt::Head known = vector.head_of(dep.actor);
    if (contradicts(known, dep.head)) return Gate::kMismatch;
    missing |= known.seq < dep.head.seq;
  }
  return missing ? Gate::kMissing : Gate::kReady;
}

}  // namespace agent
