#include <utility>

#include "agent/replica/impl.h"
#include "crdt/base/plant.h"

namespace agent {
namespace {

constexpr std::size_t kSigningSeedBytes = 32;

}  // namespace

// An actor lives for one run (rule 2). Whatever the database says, the actor of the last run is
// left, and the first own write mints a new one.
base::Status Replica::Impl::start(base::Now now, const base::Bytes& host) {
  store::Meta& meta = store->meta();
  const bool same_node = keeps_node(host);
  RETURN_IF_ERROR(store->begin());
  RETURN_IF_ERROR(store->staged().clear());
  // After a twin, the changes that we sealed under the common actor may be a tail, until a change
  // follows our head. A state join cannot show this.
  const bool was_twin = is_twin(host);
  if (was_twin && !meta.own_actor.is_zero()) undecided = meta.own_actor;
  if (!PLANTED(kActorKeptAtStart)) leave_actor();
  if (!same_node) take_node_id(was_twin);
  meta.next_position += kPositionGap;
  meta.host_fingerprint = host;
  ++meta.boot_epoch;
  RETURN_IF_ERROR(store->commit(store::Durability::kFull));
  clock = crdt::HybridClock(meta.clock, options.clock);
  store->actors().visit([this](const base::ActorId& id, const store::Actor& actor) {
    if (actor.alone) alone.emplace(id, actor.floor);
    return true;
  });
  Turn turn;
  turn.now = now;
  RETURN_IF_ERROR(store->begin());
  if (const base::Status applied = apply_held_at_open(turn); !applied.ok()) {
    if (applied.error().code != base::Code::kCorrupt) return applied;
    // A damaged row is in the way. The agent starts all the same, and its peers repair it.
    store->rollback();
    note_damage(carried, applied.error().message);
    return {};
  }
  meta.clock = clock.latest();
  RETURN_IF_ERROR(store->commit(store::Durability::kFull));
  carried.facts.stopped = std::move(turn.out.facts.stopped);
  carried.facts.alone = std::move(turn.out.facts.alone);
  for (Notice& notice : turn.out.notices) carried.notices.push_back(std::move(notice));
  return {};
}

// A database that names another host or path was copied or moved, and the original may still run.
// Copies that have the same host and path (a cloned machine) are found out as twins, by what other
// members say.
bool Replica::Impl::keeps_node(const base::Bytes& host) const {
  const store::Meta& meta = store->meta();
  return !meta.node_id.is_zero() && meta.host_fingerprint == host;
}

void Replica::Impl::take_node_id(bool from_twin) {
  store::Meta& meta = store->meta();
  const base::NodeId former = meta.node_id;
  meta.node_id = random.id<base::NodeTag>();
  meta.signing_seed = random.bytes(kSigningSeedBytes);
  fresh = true;
  if (!from_twin) return;
  // Both twins have sealed under the same actors. A fork of one of them is ours to repair too.
  tail_seen = true;
  std::vector<base::ActorId> ours;
  store->actors().visit([&](const base::ActorId& id, const store::Actor& actor) {
    if (actor.node && *actor.node == former) ours.push_back(id);
    return true;
  });
  for (const base::ActorId& id : ours) store->actors().set_node(id, meta.node_id);
}

// The actor has two owners, whichever of them keeps the node id. A database without a host
// fingerprint takes a new node id at the next open.
void Replica::Impl::on_twin(Turn& turn) {
  if (twin || turn.twin) return;
  turn.twin = true;
  store->meta().host_fingerprint.clear();
  turn.out.notices.push_back(
      {Notice::Kind::kTwin, {}, 0, "our node id is " + store->meta().node_id.hex()});
}

bool Replica::Impl::is_twin(const base::Bytes& host) const {
  const store::Meta& meta = store->meta();
  return !meta.node_id.is_zero() && meta.host_fingerprint.empty() && !host.empty();
}

// The next own write mints a new actor. Its first change depends on all changes of the present one.
void Replica::Impl::leave_actor() {
  store::Meta& meta = store->meta();
  if (!meta.own_actor.is_zero()) store->actors().set_left(meta.own_actor);
  meta.own_actor = {};
}

void Replica::Impl::mint_actor(Turn& turn, std::string why) {
  leave_actor();
  store->meta().own_actor = random.id<base::ActorTag>();
  std::size_t live = 1;
  for (const auto& [id, actor] : store->actors().loose()) {
    live += actor.node && *actor.node == store->meta().node_id && !actor.closed ? 1 : 0;
  }
  const base::ActorId& own = store->meta().own_actor;
  turn.out.notices.push_back({Notice::Kind::kActorMinted, own, 0, std::move(why)});
  if (live > options.own_actors_max) {
    turn.out.notices.push_back({Notice::Kind::kActorsMany, own, live, ""});
  }
}

}  // namespace agent
