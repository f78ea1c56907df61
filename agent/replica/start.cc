#include <utility>

#include "agent/replica/impl.h"
#include "agent/replica/positions.h"
#include "crdt/base/plant.h"

namespace agent {

// An actor lives for one run (rule 2). Whatever the database says, the actor of the last run is
// left, and the first own write mints a new one.
base::Status Replica::Impl::start(base::Now now, const base::Bytes& host) {
  store::Store& store = *context.store;
  store::Meta& meta = store.meta();
  const bool same_node = identity.keeps_node(host);
  RETURN_IF_ERROR(store.begin());
  RETURN_IF_ERROR(store.staged().clear());
  const bool was_twin = identity.is_twin(host);
  if (was_twin) echo.suspect_tail(meta.own_actor);
  if (!PLANTED(kActorKeptAtStart)) identity.leave_actor();
  if (!same_node) identity.take_node_id(was_twin);
  leap_positions(meta, unused_position(meta), context.random);
  meta.host_fingerprint = host;
  ++meta.boot_epoch;
  RETURN_IF_ERROR(store.commit(store::Durability::kFull));
  context.clock = crdt::HybridClock(meta.clock, context.options.clock);
  unconfirmed.load(store.actors());
  Turn turn;
  turn.now = now;
  RETURN_IF_ERROR(store.begin());
  if (const base::Status applied = replay.at_open(turn); !applied.ok()) {
    if (applied.error().code != base::Code::kCorrupt) return applied;
    // A damaged row stopped the replay of the held changes. The agent starts in spite of that; the
    // damage is repaired later (repair.h).
    store.rollback();
    repair.note_damage(carried, applied.error().message);
    return {};
  }
  meta.clock = context.clock.latest();
  RETURN_IF_ERROR(store.commit(store::Durability::kFull));
  carried.facts.stopped = std::move(turn.out.facts.stopped);
  carried.facts.alone = std::move(turn.out.facts.alone);
  for (Notice& notice : turn.out.notices) carried.notices.push_back(std::move(notice));
  return {};
}

}  // namespace agent
