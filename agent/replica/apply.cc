#include "agent/replica/apply.h"

#include <vector>

#include "agent/replica/answered.h"
#include "agent/replica/events.h"
#include "crdt/base/plant.h"
#include "crdt/types/draft.h"

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

base::Status save_slot(store::Store& store, store::SlotRow& row, std::size_t cells_before,
                       const crdt::Digest& delta) {
  RETURN_IF_ERROR(store.cells().save(row));
  const auto before = static_cast<std::int64_t>(cells_before);
  const auto after = static_cast<std::int64_t>(row.cells.size());
  return store.cells().account(row.slot, after - before, {}, delta);
}

base::Status erase_in_text(store::Store& store, const crdt::Slot& slot,
                           const crdt::DotRuns& kills) {
  if (PLANTED(kKillsForgotten)) return {};
  const auto erased = store.cells().texts().erase(slot, kills);
  return erased.ok() ? base::Status() : erased.error();
}

bool shows_several(const store::SlotRow& row) {
  const bool is_register =
      row.slot.type == crdt::SlotType::kLwwRegister || row.slot.type == crdt::SlotType::kMvRegister;
  return is_register && row.cells.size() > 1;
}

base::Status apply_to_slot(store::Store& store, Turn& turn, const crdt::Effect& effect,
                           const crdt::Dot& dot) {
  if (effect.slot.type == crdt::SlotType::kSeq) {
    RETURN_IF_ERROR(erase_in_text(store, effect.slot, effect.kills));
  }
  if (effect.anchor) {
    return store.cells().texts().insert(effect.slot, dot, *effect.anchor, *effect.body);
  }
  ASSIGN_OR_RETURN(store::SlotRow row, store.cells().load_slot(effect.slot));
  const std::size_t before = row.cells.size();
  crdt::Digest delta;
  if (!crdt::apply_effect(effect, dot, row.cells, delta)) return {};
  if (shows_several(row)) ++turn.conflicts;
  return save_slot(store, row, before, delta);
}

// The slots are saved after the scan, because a scan must not meet what it has changed.
base::Status remove_subtree(store::Store& store, const crdt::Effect& effect) {
  if (effect.kills.empty()) return {};
  struct Changed {
    store::SlotRow row;
    std::size_t before = 0;
    crdt::Digest delta;
  };
  std::vector<Changed> changed;
  RETURN_IF_ERROR(store.cells().scan_slots(
      effect.slot.object, effect.slot.path, [&](const store::SlotRow& found) {
        Changed slot{found, found.cells.size(), {}};
        const bool killed =
            PLANTED(kSubtreeKillsUnseen)
                ? crdt::kill_cells(found.slot, crdt::dots_of(found.cells), slot.row.cells,
                                   slot.delta)
                : crdt::kill_cells(found.slot, effect.kills, slot.row.cells, slot.delta);
        if (killed) {
          changed.push_back(std::move(slot));
        }
        return true;
      }));
  for (Changed& slot : changed) {
    RETURN_IF_ERROR(save_slot(store, slot.row, slot.before, slot.delta));
  }
  if (PLANTED(kSubtreeKeepsTexts)) return {};
  ASSIGN_OR_RETURN(const std::vector<crdt::Slot> texts,
                   store.cells().text_slots(effect.slot.object, effect.slot.path));
  for (const crdt::Slot& text : texts) {
    RETURN_IF_ERROR(erase_in_text(store, text, effect.kills));
  }
  return {};
}

}  // namespace

base::Status apply_effects(store::Store& store, Turn& turn, const crdt::Change& change) {
  return crdt::each_effect(change, [&](const crdt::Effect& effect, const crdt::Dot& dot) {
    return effect.slot.type == crdt::SlotType::kSubtree ? remove_subtree(store, effect)
                                                        : apply_to_slot(store, turn, effect, dot);
  });
}

base::Status apply_change(store::Store& store, Turn& turn, const crdt::Opened& opened) {
  const crdt::Change& change = opened.change;
  store::Actors& actors = store.actors();
  std::int64_t index = actors.intern(change.actor);
  RETURN_IF_ERROR(apply_effects(store, turn, change));
  std::int64_t position = store.meta().next_position++;
  RETURN_IF_ERROR(store.log().append(position, index, opened.sealed));
  if (change.request && !PLANTED(kRequestsForgotten)) {
    RETURN_IF_ERROR(store.requests().keep(change.request->key, known_by(change)));
  }
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
