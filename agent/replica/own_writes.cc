#include "agent/replica/impl.h"

#include <utility>

#include "agent/replica/planner.h"
#include "crdt/base/plant.h"

namespace agent {
namespace {

constexpr const char* kSetAside =
    "this agent's state contradicts its peers' or is damaged; it is fetched from them, writes wait";
constexpr const char* kTwin = "another agent has this one's node id; it starts again, writes wait";

}  // namespace

// Errors of the request go to its client; a fault of the store ends the turn.
base::Status Replica::Impl::apply_write(Turn& turn, const Write& write) {
  turn.first_dot.reset();
  if (store->meta().repair.stage != store::Repair::Stage::kNone) {
    turn.out.replies.push_back({write.ticket, base::Error{base::Code::kUnavailable, kSetAside}});
    return {};
  }
  if (twin || turn.twin) {
    turn.out.replies.push_back({write.ticket, base::Error{base::Code::kUnavailable, kTwin}});
    return {};
  }
  std::optional<base::Error> store_fault;
  auto time = [&] {
    if (!turn.time) turn.time = own_time(turn);
    return *turn.time;
  };
  PlanLimits limits{options.import_effects_max, options.import_bytes_max};
  auto written =
      plan_request(store->cells(), write.request, time, limits, [&](Plan plan) -> base::Status {
        return seal_and_apply(turn, std::move(plan.effects), store_fault);
      });
  turn.time.reset();
  if (store_fault) return *store_fault;
  if (!written.ok() && is_fault(written.error())) return written.error();
  if (written.ok()) written->dot = turn.first_dot;
  if (!written.ok() && written.error().code == base::Code::kCorrupt) {
    note_damage(turn.out, written.error().message);
  }
  turn.out.replies.push_back({write.ticket, std::move(written)});
  return {};
}

bool Replica::Impl::is_fault(const base::Error& error) {
  return error.code == base::Code::kDiskFull || error.code == base::Code::kReadOnly ||
         error.code == base::Code::kIndeterminate;
}

// Rule 9: a clock that runs ahead of a trusted wall starts again under a new actor. The actor is
// minted here, before anything is stamped.
crdt::HybridTime Replica::Impl::own_time(Turn& turn) {
  if (clock.runs_ahead(turn.now)) {
    clock.restart_from_wall(turn.now);
    mint_actor(turn, "the clock was ahead of the wall clock");
    turn.out.notices.push_back({Notice::Kind::kClockRestarted, store->meta().own_actor, 0, ""});
  }
  if (store->meta().own_actor.is_zero()) mint_actor(turn, "first write since an unproven start");
  if (PLANTED(kWallClockAsStamp)) return {turn.now.wall_nanos, 0};
  return clock.tick(turn.now);
}

base::Status Replica::Impl::seal_and_apply(Turn& turn, std::vector<crdt::Effect> effects,
                                           std::optional<base::Error>& store_fault) {
  store::Actors& actors = store->actors();
  crdt::Opened opened;
  crdt::Change& change = opened.change;
  change.time = turn.time ? *turn.time : own_time(turn);
  turn.time.reset();
  change.actor = store->meta().own_actor;
  crdt::Head head = actors.vector().head_of(change.actor);
  change.seq = head.seq + 1;
  change.prev = head.hash;
  change.effects = std::move(effects);
  if (change.seq == 1) change.node = store->meta().node_id;
  if (PLANTED(kRemoveWithoutDot) && change.effects[0].kind == crdt::EffectKind::kRemove) {
    return apply_effects(change);
  }
  change.deps = actors.frontier(change.actor);
  ASSIGN_OR_RETURN(opened.sealed, crdt::seal(change));
  if (!turn.first_dot) turn.first_dot = change.dot_of(0);
  auto applied = apply_change(turn, opened);
  if (!applied.ok()) {
    store_fault = applied.error();
    return applied;
  }
  turn.out.facts.own.push_back(std::move(opened.sealed));
  return {};
}

}  // namespace agent
