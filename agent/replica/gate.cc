#include "agent/replica/gate.h"

#include "crdt/base/plant.h"

namespace agent {
namespace {

using Name = std::pair<base::ActorId, std::uint64_t>;

// The first change that an effect names a dot of, to kill it or to stand behind it, and that is not
// applied. The author has seen it, so it is among the dependencies or before one of them. A member
// that lies about this would make replicas differ: those that get the dot first, and those that get
// it later.
std::optional<Name> unseen_by(const crdt::VersionVector& vector, const crdt::Opened& opened) {
  const crdt::SealedChange& sealed = opened.sealed;
  // Neighbouring runs mostly have the same actor.
  Name known{sealed.actor, sealed.seq};
  const auto is_unseen = [&](const base::ActorId& actor, std::uint64_t seq) {
    if (actor == sealed.actor) return seq > sealed.seq;
    if (actor != known.first) known = {actor, vector.seq_of(actor)};
    return seq > known.second;
  };
  for (const crdt::Effect& effect : opened.change.effects) {
    for (const crdt::DotRun& run : effect.kills) {
      const std::uint64_t last = run.seq + (run.changes - 1);
      if (is_unseen(run.actor, last)) return {{run.actor, last}};
    }
    if (!effect.anchor || !effect.anchor->parent) continue;
    const crdt::Dot& parent = *effect.anchor->parent;
    if (is_unseen(parent.actor, parent.seq)) return {{parent.actor, parent.seq}};
  }
  return std::nullopt;
}

}  // namespace

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
  return unseen_by(vector, opened);
}

}  // namespace agent
