#include "agent/replica/impl.h"

#include <utility>

#include "agent/replica/events.h"
#include "agent/replica/gate.h"

namespace agent {

// A message that contradicts what we hold is refused before anything of it is applied (rule 2).
base::Status Replica::Impl::apply_received(Turn& turn, Received& received) {
  turn.out.facts.bytes_done += received.bytes;
  if (const crdt::Opened* contradiction = find_contradiction(turn, received)) {
    forget_all(turn, received);
    return store->proofs().keep(contradiction->sealed);
  }
  for (crdt::Opened& opened : received.changes) {
    Gate gate = judge(store->actors().vector(), opened);
    if (gate == Gate::kSeen) continue;
    if (gate != Gate::kReady) {
      turn.out.facts.forgotten.emplace_back(opened.sealed.actor, opened.sealed.seq);
      turn.out.notices.push_back(
          {gate == Gate::kUnknown ? Notice::Kind::kUnknownEnvelope : Notice::Kind::kDropped,
           opened.sealed.actor, opened.sealed.seq, ""});
      continue;
    }
    if (clock.merge(turn.now, opened.change.time) == crdt::HybridClock::Merge::kAhead) {
      turn.out.notices.push_back(
          {Notice::Kind::kClockAhead, opened.sealed.actor, opened.sealed.seq, ""});
    }
    RETURN_IF_ERROR(apply_change(turn, opened));
  }
  return {};
}

const crdt::Opened* Replica::Impl::find_contradiction(Turn& turn, const Received& received) {
  crdt::VersionVector vector;  // of the actors named in this message, as it goes along
  for (const crdt::Opened& opened : received.changes) {
    const crdt::SealedChange& sealed = opened.sealed;
    if (vector.seq_of(sealed.actor) == 0) {
      vector.set(sealed.actor, store->actors().vector().head_of(sealed.actor));
    }
    crdt::Head head = vector.head_of(sealed.actor);
    bool echo = sealed.actor == store->meta().own_actor && sealed.seq > head.seq;
    bool other =
        (head.seq == sealed.seq && head.hash != sealed.hash) ||
        (opened.envelope_known && sealed.seq == head.seq + 1 && opened.change.prev != head.hash);
    if (echo || other || dependency_contradicts(opened)) {
      std::string from = "from " + received.from.hex();
      turn.out.notices.push_back({Notice::Kind::kPrevMismatch, sealed.actor, sealed.seq, from});
      // Our own actor goes on somewhere else: a copy of us writes, or we lost our tail. Nothing
      // more is sealed under it.
      if (sealed.actor == store->meta().own_actor) leave_actor();
      return &opened;
    }
    if (sealed.seq == head.seq + 1) vector.set(sealed.actor, {sealed.seq, sealed.hash});
  }
  return nullptr;
}

bool Replica::Impl::dependency_contradicts(const crdt::Opened& opened) const {
  for (const crdt::Dependency& dep : opened.change.deps) {
    crdt::Head known = store->actors().vector().head_of(dep.actor);
    if (known.seq == dep.head.seq && known.hash != dep.head.hash) return true;
  }
  return false;
}

void Replica::Impl::forget_all(Turn& turn, const Received& received) {
  for (const crdt::Opened& opened : received.changes) {
    turn.out.facts.forgotten.emplace_back(opened.sealed.actor, opened.sealed.seq);
  }
}

base::Status Replica::Impl::apply_effects(const crdt::Change& change) {
  for (std::size_t i = 0; i < change.effects.size(); ++i) {
    const crdt::Effect& effect = change.effects[i];
    ASSIGN_OR_RETURN(store::SlotRow row, store->cells().load_slot(effect.slot));
    auto before = static_cast<std::int64_t>(row.cells.size());
    crdt::Digest delta;
    if (!crdt::apply_effect(effect, change.dot_of(i), row.cells, delta)) continue;
    RETURN_IF_ERROR(store->cells().save(row));
    auto after = static_cast<std::int64_t>(row.cells.size());
    RETURN_IF_ERROR(store->cells().account(effect.slot, after - before, {}, delta));
  }
  return {};
}

// Cells, log, vector and digest of one change, own or received (rule 6).
base::Status Replica::Impl::apply_change(Turn& turn, const crdt::Opened& opened) {
  const crdt::Change& change = opened.change;
  store::Actors& actors = store->actors();
  std::int64_t index = actors.intern(change.actor);
  RETURN_IF_ERROR(apply_effects(change));
  std::int64_t position = store->meta().next_position++;
  RETURN_IF_ERROR(store->log().append(position, index, opened.sealed));
  crdt::Head head{change.seq, opened.sealed.hash};
  actors.advance(change.actor, head);
  if (change.node) {
    actors.set_node(change.actor, *change.node);
    leave_others(change.actor, *change.node);
  }
  turn.out.facts.advanced[change.actor] = head;
  if (!turn.watched) return {};
  return append_events(store->cells(), actors, change, position, turn.out.events);
}

}  // namespace agent
