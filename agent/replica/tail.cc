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
    effect.kills = renamed(effect.kills);
    if (!effect.anchor || !effect.anchor->parent) continue;
    crdt::Dot& parent = *effect.anchor->parent;
    const auto found = names_.find({parent.actor, parent.seq});
    if (found == names_.end()) continue;
    parent.actor = found->second.first;
    parent.seq = found->second.second;
  }
  return effects;
}

crdt::DotRuns Renaming::renamed(const crdt::DotRuns& kills) const {
  crdt::DotRuns result;
  for (const crdt::DotRun& run : kills) {
    // Cuts the run at every change of it that has a new name.
    crdt::DotRun rest = run;
    auto name = names_.lower_bound({run.actor, run.seq});
    for (; name != names_.end() && name->first.first == run.actor; ++name) {
      const std::uint64_t before = name->first.second - rest.seq;
      if (before >= rest.changes) break;
      if (before > 0) {
        result.push_back(rest);
        result.back().changes = static_cast<std::uint32_t>(before);
      }
      result.push_back({name->second.first, name->second.second, run.index, run.count});
      rest.seq += before + 1;
      rest.changes -= static_cast<std::uint32_t>(before) + 1;
      if (rest.changes == 0) break;
    }
    if (rest.changes > 0) result.push_back(rest);
  }
  return crdt::ordered_runs(std::move(result));
}

std::vector<crdt::Effect> without_unseen(std::vector<crdt::Effect> effects,
                                         const crdt::VersionVector& vector, const crdt::Dot& next) {
  const auto last_seen = [&](const base::ActorId& actor) {
    return actor == next.actor ? next.seq : vector.seq_of(actor);
  };
  for (crdt::Effect& effect : effects) {
    std::erase_if(effect.kills, [&](crdt::DotRun& run) {
      const std::uint64_t last = last_seen(run.actor);
      if (last < run.seq) return true;
      if (run.changes - 1 > last - run.seq) {
        run.changes = static_cast<std::uint32_t>(last - run.seq + 1);
      }
      return false;
    });
    if (!effect.anchor || !effect.anchor->parent) continue;
    if (effect.anchor->parent->seq > last_seen(effect.anchor->parent->actor)) {
      effect.anchor.emplace();
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
  bool in_force = false;
  RETURN_IF_ERROR(crdt::each_effect(
      change, [&](const crdt::Effect& effect, const crdt::Dot& dot) -> base::Status {
        if (in_force || !effect.body) return {};
        if (effect.anchor) {
          ASSIGN_OR_RETURN(const crdt::Sequence* text,
                           store.cells().texts().open(effect.slot, [](const crdt::Sequence&) {}));
          in_force = text && text->contains(dot);
          return {};
        }
        const crdt::Cell cell{dot, effect.kind, effect.stamp, *effect.body};
        ASSIGN_OR_RETURN(const store::SlotRow row, store.cells().load_slot(effect.slot));
        in_force = std::find(row.cells.begin(), row.cells.end(), cell) != row.cells.end();
        return {};
      }));
  return in_force;
}

}  // namespace agent
