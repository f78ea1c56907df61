#include <utility>

#include "agent/replica/events.h"
#include "agent/replica/gate.h"
#include "agent/replica/impl.h"
#include "crdt/base/plant.h"

namespace agent {

// A message that contradicts what we hold is refused as a whole, before any of its changes is
// applied (rule 2).
base::Status Replica::Impl::apply_received(Turn& turn, Received& received) {
  turn.out.facts.finished.push_back(received.number);
  if (store->meta().repair.sets_aside()) {
    forget_all(turn, received);
    return {};
  }
  ASSIGN_OR_RETURN(const auto contradiction, find_contradiction(received.changes));
  if (contradiction) {
    forget_all(turn, received);
    return refuse_message(turn, *contradiction, "from " + received.from.hex());
  }
  for (crdt::Opened& opened : received.changes) {
    note_echo(turn, opened);
    RETURN_IF_ERROR(take_in(turn, std::move(opened)));
  }
  return {};
}

// Applies one change if the gate lets it pass (rule 4), and then all changes that waited for it.
base::Status Replica::Impl::take_in(Turn& turn, crdt::Opened&& opened) {
  const crdt::SealedChange& sealed = opened.sealed;
  const base::ActorId actor = sealed.actor;
  switch (judge(store->actors().vector(), opened)) {
    case Gate::kSeen:
      return {};
    case Gate::kMissing:
      turn.out.facts.parked.emplace_back(actor, sealed.seq);
      if (parked.add(store->actors().vector(), std::move(opened))) return {};
      turn.out.facts.parked.pop_back();
      drop(turn, sealed, Notice::Kind::kDropped);
      return {};
    case Gate::kUnknown:
      return hold(turn, sealed);
    case Gate::kReady:
      break;
  }
  RETURN_IF_ERROR(apply_remote(turn, opened));
  return look_again(turn, {actor});
}

base::Status Replica::Impl::apply_remote(Turn& turn, const crdt::Opened& opened) {
  if (clock.merge(turn.now, opened.change.time) == crdt::HybridClock::Merge::kAhead) {
    turn.out.notices.push_back(
        {Notice::Kind::kClockAhead, opened.sealed.actor, opened.sealed.seq, ""});
    if (PLANTED(kFutureStampsParked)) return {};
  }
  if (is_undecided(opened.sealed.actor)) {  // it follows our head, so there is no fork
    undecided.reset();
    tail_seen = false;
  }
  return apply_change(turn, opened);
}

// A parked change is checked again before it is applied. The predecessor that was applied may have
// another content than the one that the author sealed upon.
base::Status Replica::Impl::look_again(Turn& turn, std::set<base::ActorId> moved) {
  while (!moved.empty()) {
    const base::ActorId actor = *moved.begin();
    auto next = parked.take(store->actors().vector(), actor);
    if (!next) {
      moved.erase(actor);
      continue;
    }
    turn.taken.emplace_back(next->sealed.actor, next->sealed.seq);
    if (judge(store->actors().vector(), *next) == Gate::kSeen) continue;
    std::vector<crdt::Opened> one;
    one.push_back(std::move(*next));
    ASSIGN_OR_RETURN(const auto contradiction, find_contradiction(one));
    if (contradiction) {
      drop(turn, one[0].sealed, Notice::Kind::kDropped);
      RETURN_IF_ERROR(refuse_message(turn, *contradiction, "a change that was parked"));
      continue;
    }
    if (!one[0].envelope_known) {
      RETURN_IF_ERROR(hold(turn, one[0].sealed));
      continue;
    }
    RETURN_IF_ERROR(apply_remote(turn, one[0]));
    moved.insert(one[0].sealed.actor);
  }
  return {};
}

base::Status Replica::Impl::after_merge(Turn& turn) {
  store::Repair& repair = store->meta().repair;
  if (repair.stage == store::Repair::Stage::kFetching) {
    repair.stage = store::Repair::Stage::kReplaying;
  }
  return look_again(turn, parked.awaited());
}

void Replica::Impl::drop(Turn& turn, const crdt::SealedChange& sealed, Notice::Kind why) {
  turn.out.facts.forgotten.emplace_back(sealed.actor, sealed.seq);
  turn.out.notices.push_back({why, sealed.actor, sealed.seq, ""});
}

// Rule 12: the vector of this actor stops here. The change waits for a program version that can
// read it.
base::Status Replica::Impl::hold(Turn& turn, const crdt::SealedChange& sealed) {
  ASSIGN_OR_RETURN(const bool kept, store->held().keep_unknown(sealed));
  turn.out.facts.stopped.push_back(sealed.actor);
  turn.out.notices.push_back({Notice::Kind::kUnknownEnvelope, sealed.actor, sealed.seq, ""});
  if (!kept) turn.out.facts.forgotten.emplace_back(sealed.actor, sealed.seq);
  return {};
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

// Applies cells, log, vector and digest of one change, own or received (rule 6).
base::Status Replica::Impl::apply_change(Turn& turn, const crdt::Opened& opened) {
  const crdt::Change& change = opened.change;
  store::Actors& actors = store->actors();
  std::int64_t index = actors.intern(change.actor);
  RETURN_IF_ERROR(apply_effects(change));
  std::int64_t position = store->meta().next_position++;
  RETURN_IF_ERROR(store->log().append(position, index, opened.sealed));
  crdt::Head head{change.seq, opened.sealed.hash};
  actors.advance(change.actor, head);
  for (const crdt::Dependency& dep : change.deps) actors.name(dep.actor, dep.head.seq);
  if (change.node) {
    actors.set_node(change.actor, *change.node);
    leave_others(change.actor, *change.node);
  }
  turn.out.facts.advanced[change.actor] = head;
  if (!turn.watched) return {};
  return append_events(store->cells(), actors, change, position, turn.out.events);
}

}  // namespace agent
