#include "agent/replica/impl.h"

#include <algorithm>
#include <utility>

#include "agent/replica/planner.h"
#include "crdt/base/plant.h"

namespace agent {
namespace {

constexpr const char* kSetAside =
    "the state of this agent contradicts its peers or is damaged; it is being checked or fetched "
    "from the peers; send the write again when /readyz answers 200";
constexpr const char* kTwin =
    "another agent has the node id of this one; this agent takes a new node id now; send the write "
    "again in some seconds";

}  // namespace

// An error of the request is answered to its client. A fault of the store ends the turn.
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
  auto written = plan_and_apply(turn, write.request);
  turn.time.reset();
  // What was sealed for a request that then failed can only be undone with the whole turn.
  if (!written.ok() && (turn.first_dot || is_fault(written.error()))) return written.error();
  if (written.ok()) written->dot = turn.first_dot;
  if (!written.ok() && written.error().code == base::Code::kCorrupt) {
    note_damage(turn.out, written.error().message);
    written = as_told(written.error());
  }
  turn.out.replies.push_back({write.ticket, std::move(written)});
  return {};
}

// The error that a client gets when its write met a fault. A damaged row is repaired without the
// client, so it is told that it may send the write again.
base::Error Replica::Impl::as_told(const base::Error& error) {
  if (error.code != base::Code::kCorrupt) return error;
  return {base::Code::kUnavailable,
          "a stored row that this write needs is damaged (" + error.message +
              "); this agent fetches its state again as soon as a peer answers, send the write "
              "again then; without any peer, stop the agent and put a backup in place of its "
              "database"};
}

// A request that needs several changes is also all or nothing: its whole plan is tried before the
// first change is applied. The trial keeps no changes in memory, so the size of the request does
// not matter.
base::Result<Written> Replica::Impl::plan_and_apply(Turn& turn, const WriteRequest& request) {
  auto time = [&] { return time_of_plan(turn); };
  PlanLimits limits;
  limits.whole.effects = options.change_effects_max;
  limits.part.effects = std::min(options.import_effects_max, options.change_effects_max);
  limits.part.bytes = limits.part.slot_bytes = options.import_bytes_max;
  auto plan = [&](const PlanSink& next) {
    return plan_request(store->cells(), request, time, limits, next);
  };
  std::optional<crdt::Opened> only;
  bool several = false;
  auto tried = plan([&](Plan next) -> base::Result<crdt::Dot> {
    several = only.has_value();
    ASSIGN_OR_RETURN(only, seal_next(turn, std::move(next.effects)));
    return only->change.dot_of(0);
  });
  if (!tried.ok() || !only) return tried;
  if (!several) {
    RETURN_IF_ERROR(apply_own(turn, std::move(*only)));
    return tried;
  }
  only.reset();
  return plan([&](Plan next) -> base::Result<crdt::Dot> {
    ASSIGN_OR_RETURN(crdt::Opened opened, seal_next(turn, std::move(next.effects)));
    const crdt::Dot first = opened.change.dot_of(0);
    RETURN_IF_ERROR(apply_own(turn, std::move(opened)));
    return first;
  });
}

bool Replica::Impl::is_fault(const base::Error& error) {
  return error.code == base::Code::kDiskFull || error.code == base::Code::kReadOnly ||
         error.code == base::Code::kIndeterminate;
}

// Rule 9: a clock that is ahead of a trusted wall clock starts again from the wall clock, under a
// new actor. The actor is minted here, before anything gets a stamp.
crdt::HybridTime Replica::Impl::own_time(Turn& turn) {
  if (clock.runs_ahead(turn.now)) {
    clock.restart_from_wall(turn.now);
    mint_actor(turn, "the clock was ahead of the wall clock");
    turn.out.notices.push_back({Notice::Kind::kClockRestarted, store->meta().own_actor, 0, ""});
  }
  if (store->meta().own_actor.is_zero()) mint_actor(turn, "first write of this run");
  if (PLANTED(kWallClockAsStamp)) return {turn.now.wall_nanos, 0};
  return clock.tick(turn.now);
}

crdt::HybridTime Replica::Impl::time_of_plan(Turn& turn) {
  if (!turn.time) turn.time = own_time(turn);
  return *turn.time;
}

// Seals the next change of our own actor, with these effects.
base::Result<crdt::Opened> Replica::Impl::seal_next(Turn& turn, std::vector<crdt::Effect> effects) {
  store::Actors& actors = store->actors();
  crdt::Opened opened;
  crdt::Change& change = opened.change;
  change.time = time_of_plan(turn);
  change.actor = store->meta().own_actor;
  crdt::Head head = actors.vector().head_of(change.actor);
  change.seq = head.seq + 1;
  change.prev = head.hash;
  change.effects = std::move(effects);
  if (change.seq == 1) change.node = store->meta().node_id;
  change.deps = actors.frontier(change.actor);
  ASSIGN_OR_RETURN(opened.sealed, crdt::seal(change));
  return opened;
}

base::Status Replica::Impl::apply_own(Turn& turn, crdt::Opened&& opened) {
  turn.time.reset();
  const crdt::Change& change = opened.change;
  if (PLANTED(kRemoveWithoutDot) && change.effects[0].kind == crdt::EffectKind::kRemove) {
    return apply_effects(change);
  }
  if (!turn.first_dot) turn.first_dot = change.dot_of(0);
  RETURN_IF_ERROR(apply_change(turn, opened));
  add_alone(turn, opened.sealed.actor);
  turn.out.facts.own.push_back(std::move(opened.sealed));
  return {};
}

}  // namespace agent
