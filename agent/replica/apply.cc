#include "agent/replica/apply.h"

#include <vector>

#include "agent/replica/events.h"

namespace agent {
namespace {

// The owner of `id` now writes under `id`, so it has left its other actors (rule 2).
void leave_others(store::Store& store, const base::ActorId& id, const base::NodeId& node) {
  store::Actors& actors = store.actors();
  std::vector<base::ActorId> others;
  for (const auto& [other, actor] : actors.loose()) {
    bool same_node = actor.node && *actor.node == node;
    if (same_node && other != id && other != store.meta().own_actor) others.push_back(other);
  }
  for (const base::ActorId& other : others) actors.set_left(other);
}

}  // namespace

base::Status apply_effects(store::Store& store, const crdt::Change& change) {
  for (std::size_t i = 0; i < change.effects.size(); ++i) {
    const crdt::Effect& effect = change.effects[i];
    ASSIGN_OR_RETURN(store::SlotRow row, store.cells().load_slot(effect.slot));
    auto before = static_cast<std::int64_t>(row.cells.size());
    crdt::Digest delta;
    if (!crdt::apply_effect(effect, change.dot_of(i), row.cells, delta)) continue;
    RETURN_IF_ERROR(store.cells().save(row));
    auto after = static_cast<std::int64_t>(row.cells.size());
    RETURN_IF_ERROR(store.cells().account(effect.slot, after - before, {}, delta));
  }
  return {};
}

base::Status apply_change(store::Store& store, Turn& turn, const crdt::Opened& opened) {
  const crdt::Change& change = opened.change;
  store::Actors& actors = store.actors();
  std::int64_t index = actors.intern(change.actor);
  RETURN_IF_ERROR(apply_effects(store, change));
  std::int64_t position = store.meta().next_position++;
  RETURN_IF_ERROR(store.log().append(position, index, opened.sealed));
  crdt::Head head{change.seq, opened.sealed.hash};
  actors.advance(change.actor, head);
  for (const crdt::Dependency& dep : change.deps) actors.name(dep.actor, dep.head.seq);
  if (change.node) {
    actors.set_node(change.actor, *change.node);
    leave_others(store, change.actor, *change.node);
  }
  turn.out.facts.advanced[change.actor] = head;
  if (!turn.watched) return {};
  return append_events(store.cells(), actors, change, position, turn.out.events);
}

}  // namespace agent
