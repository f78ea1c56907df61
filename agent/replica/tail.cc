#include "agent/replica/tail.h"

#include <algorithm>

namespace agent {

bool is_of_this_node(const store::Store& store, const base::ActorId& actor) {
  const store::Meta& meta = store.meta();
  if (actor == meta.own_actor) return true;
  const auto known = store.actors().find(actor);
  return known && known->node && *known->node == meta.node_id;
}

std::vector<crdt::Effect> Renaming::apply(std::vector<crdt::Effect> effects) const {
  for (crdt::Effect& effect : effects) {
    for (crdt::Dot& dot : effect.kills) {
      const auto found = names_.find({dot.actor, dot.seq});
      if (found == names_.end()) continue;
      dot.actor = found->second.first;
      dot.seq = found->second.second;
    }
  }
  return effects;
}

base::Result<bool> is_held(store::Store& store, const crdt::Opened& opened) {
  const crdt::Change& change = opened.change;
  const crdt::Head head = store.actors().vector().head_of(change.actor);
  if (head.seq < change.seq) return false;
  if (head.seq == change.seq) return head.hash == opened.sealed.hash;
  ASSIGN_OR_RETURN(const auto logged, store.log().find(store.actors(), change.actor, change.seq));
  if (logged) return *logged == opened.sealed.bytes;
  for (std::size_t i = 0; i < change.effects.size(); ++i) {
    const crdt::Effect& effect = change.effects[i];
    if (!effect.body) continue;
    const crdt::Cell cell{change.dot_of(i), effect.kind, effect.stamp, *effect.body};
    ASSIGN_OR_RETURN(const store::SlotRow row, store.cells().load_slot(effect.slot));
    if (std::find(row.cells.begin(), row.cells.end(), cell) != row.cells.end()) return true;
  }
  return false;
}

}  // namespace agent
