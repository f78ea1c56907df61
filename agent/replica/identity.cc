#include "agent/replica/identity.h"

#include <utility>
#include <vector>

#include "crdt/base/plant.h"

namespace agent {
namespace {

constexpr std::size_t kSigningSeedBytes = 32;

}  // namespace

// A database that names another host or path was copied or moved, and the original may still run.
// Copies that have the same host and path (a cloned machine) are found out as twins, by what other
// members say.
bool Identity::keeps_node(const base::Bytes& host) const {
  const store::Meta& meta = context_.meta();
  return !meta.node_id.is_zero() && meta.host_fingerprint == host;
}

void Identity::take_node_id(bool from_twin) {
  store::Meta& meta = context_.meta();
  const base::NodeId former = meta.node_id;
  meta.node_id = context_.random.id<base::NodeTag>();
  meta.signing_seed = context_.random.bytes(kSigningSeedBytes);
  fresh_ = true;
  if (!from_twin) return;
  // Both twins have sealed under the same actors. A fork of one of them is ours to repair too.
  std::vector<base::ActorId> ours;
  context_.actors().visit([&](const base::ActorId& id, const store::Actor& actor) {
    if (actor.node && *actor.node == former) ours.push_back(id);
    return true;
  });
  for (const base::ActorId& id : ours) context_.actors().set_node(id, meta.node_id);
}

// The actor has two owners, whichever of them keeps the node id. A database without a host
// fingerprint takes a new node id at the next open.
void Identity::on_twin(Turn& turn) {
  if (has_twin(turn)) return;
  turn.twin = true;
  context_.meta().host_fingerprint.clear();
  turn.out.notices.push_back(
      {Notice::Kind::kTwin, {}, 0, "our node id is " + context_.meta().node_id.hex()});
}

bool Identity::is_twin(const base::Bytes& host) const {
  const store::Meta& meta = context_.meta();
  return !meta.node_id.is_zero() && meta.host_fingerprint.empty() && !host.empty();
}

void Identity::leave_actor() {
  store::Meta& meta = context_.meta();
  if (!meta.own_actor.is_zero()) context_.actors().set_left(meta.own_actor);
  meta.own_actor = {};
}

void Identity::mint_actor(Turn& turn, std::string why) {
  leave_actor();
  context_.meta().own_actor = context_.random.id<base::ActorTag>();
  std::size_t live = 1;
  for (const auto& [id, actor] : context_.actors().loose()) {
    live += actor.node && *actor.node == context_.meta().node_id && !actor.closed ? 1 : 0;
  }
  const base::ActorId& own = context_.meta().own_actor;
  turn.out.notices.push_back({Notice::Kind::kActorMinted, own, 0, std::move(why)});
  if (live > context_.options.own_actors_max) {
    turn.out.notices.push_back({Notice::Kind::kActorsMany, own, live, ""});
  }
}

// Rule 9: a clock that is ahead of a trusted wall clock starts again from the wall clock, under a
// new actor. The actor is minted here, before anything gets a stamp.
crdt::HybridTime Identity::own_time(Turn& turn) {
  if (context_.clock.runs_ahead(turn.now)) {
    context_.clock.restart_from_wall(turn.now);
    mint_actor(turn, "the clock was ahead of the wall clock");
    turn.out.notices.push_back({Notice::Kind::kClockRestarted, context_.meta().own_actor, 0, ""});
  }
  if (context_.meta().own_actor.is_zero()) mint_actor(turn, "first write of this run");
  if (PLANTED(kWallClockAsStamp)) return {turn.now.wall_nanos, 0};
  return context_.clock.tick(turn.now);
}

}  // namespace agent
