#include "agent/replica/own_writes.h"

#include <algorithm>
#include <utility>

#include "agent/replica/answered.h"
#include "agent/replica/apply.h"
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

const RequestName* name_of(const WriteRequest& request) {
  const auto* write = std::get_if<WriteObject>(&request);
  return write != nullptr && write->name ? &*write->name : nullptr;
}

std::optional<crdt::RequestMark> mark_of(const WriteRequest& request,
                                         const std::vector<OpDone>& ops) {
  const RequestName* name = name_of(request);
  if (name == nullptr) return std::nullopt;
  return crdt::RequestMark{name->key, name->content, encode_done(ops)};
}

bool is_fault(const base::Error& error) {
  return error.code == base::Code::kDiskFull || error.code == base::Code::kReadOnly ||
         error.code == base::Code::kIndeterminate;
}

}  // namespace

base::Status OwnWrites::write(Turn& turn, const Write& write) {
  turn.first_dot.reset();
  if (context_.meta().repair.stage != store::Repair::Stage::kNone) {
    turn.out.replies.push_back({write.ticket, base::Error{base::Code::kUnavailable, kSetAside}});
    return {};
  }
  if (identity_.has_twin(turn)) {
    turn.out.replies.push_back({write.ticket, base::Error{base::Code::kUnavailable, kTwin}});
    return {};
  }
  ASSIGN_OR_RETURN(auto before, answered(write.request));
  if (before) {
    turn.out.replies.push_back({write.ticket, std::move(*before)});
    return {};
  }
  const base::Status brought = check_brought(turn.now, write.request);
  auto written =
      brought.ok() ? plan_and_apply(turn, write.request) : base::Result<Written>(brought.error());
  turn.time.reset();
  // If a request failed after a part of it was applied, only a rollback of the whole turn can undo
  // that part.
  if (!written.ok() && (turn.first_dot || is_fault(written.error()))) return written.error();
  if (written.ok()) {
    written->dot = turn.first_dot;
    RETURN_IF_ERROR(remember(write.request, *written));
  }
  if (!written.ok() && written.error().code == base::Code::kCorrupt) {
    repair_.note_damage(turn.out, written.error().message);
    written = told_to_client(written.error());
  }
  turn.out.replies.push_back({write.ticket, std::move(written)});
  return {};
}

base::Status OwnWrites::check_brought(base::Now now, const WriteRequest& request) const {
  const auto* write = std::get_if<WriteObject>(&request);
  if (write == nullptr) return {};
  for (std::size_t i = 0; i < write->ops.size(); ++i) {
    const base::Status op = crdt::check_brought(write->ops[i], now, context_.clock);
    if (!op.ok()) return crdt::error_of_op(op.error(), i, write->ops.size());
  }
  return {};
}

base::Result<std::optional<base::Result<Written>>> OwnWrites::answered(
    const WriteRequest& request) {
  std::optional<base::Result<Written>> answer;
  const RequestName* name = name_of(request);
  if (name == nullptr) return answer;
  ASSIGN_OR_RETURN(const auto known, context_.store->requests().find(name->key));
  if (!known) return answer;
  if (known->content == name->content) {
    answer = answer_again(*known);
  } else {
    answer = base::Error{base::Code::kUnprocessable,
                         "this Idempotency-Key was used for another request; use a new key for "
                         "each request, and the same key only to send the same request again"};
  }
  return answer;
}

// A change remembers its request itself (apply.cc). This is for a request that changed nothing.
base::Status OwnWrites::remember(const WriteRequest& request, const Written& written) {
  const RequestName* name = name_of(request);
  if (name == nullptr || written.dot) return {};
  return context_.store->requests().keep(
      name->key, {name->content, std::nullopt, written.type, encode_done(written.ops)});
}

base::Error told_to_client(const base::Error& error) {
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
base::Result<Written> OwnWrites::plan_and_apply(Turn& turn, const WriteRequest& request) {
  const PlanAuthor author{[&] { return time_of_plan(turn); }, [&] { return next_dot(turn); }};
  PlanLimits limits;
  limits.whole.effects = context_.options.change_effects_max;
  limits.part.effects =
      std::min(context_.options.import_effects_max, context_.options.change_effects_max);
  limits.part.bytes = limits.part.slot_bytes = context_.options.import_bytes_max;
  auto plan = [&](const PlanSink& next) {
    return plan_request(context_.store->cells(), request, author, limits, next);
  };
  std::optional<crdt::Opened> only;
  bool several = false;
  auto tried = plan([&](Plan next) -> base::Result<crdt::Dot> {
    several = only.has_value();
    ASSIGN_OR_RETURN(only, seal_next(turn, std::move(next.effects), mark_of(request, next.ops)));
    return only->change.main_dot();
  });
  if (!tried.ok() || !only) return tried;
  if (!several) {
    RETURN_IF_ERROR(apply(turn, std::move(*only)));
    return tried;
  }
  only.reset();
  return plan([&](Plan next) -> base::Result<crdt::Dot> {
    // The first change has the mark: its dot is what the client is told.
    auto mark = turn.first_dot ? std::nullopt : mark_of(request, next.ops);
    ASSIGN_OR_RETURN(crdt::Opened opened,
                     seal_next(turn, std::move(next.effects), std::move(mark)));
    const crdt::Dot first = opened.change.main_dot();
    RETURN_IF_ERROR(apply(turn, std::move(opened)));
    return first;
  });
}

crdt::HybridTime OwnWrites::time_of_plan(Turn& turn) {
  if (!turn.time) turn.time = identity_.own_time(turn);
  return *turn.time;
}

crdt::Dot OwnWrites::next_dot(Turn& turn) {
  time_of_plan(turn);  // makes the actor
  const base::ActorId& actor = context_.meta().own_actor;
  return {actor, context_.actors().vector().seq_of(actor) + 1, 0};
}

base::Result<crdt::Opened> OwnWrites::seal_next(Turn& turn, std::vector<crdt::Effect> effects,
                                                std::optional<crdt::RequestMark> request) {
  store::Actors& actors = context_.actors();
  crdt::Opened opened;
  crdt::Change& change = opened.change;
  change.time = time_of_plan(turn);
  change.actor = context_.meta().own_actor;
  crdt::Head head = actors.vector().head_of(change.actor);
  change.seq = head.seq + 1;
  change.prev = head.hash;
  change.effects = std::move(effects);
  change.request = std::move(request);
  if (change.seq == 1) change.node = context_.meta().node_id;
  change.deps = actors.frontier(change.actor);
  ASSIGN_OR_RETURN(opened.sealed, crdt::seal(change));
  return opened;
}

base::Status OwnWrites::apply(Turn& turn, crdt::Opened&& opened) {
  turn.time.reset();
  const crdt::Change& change = opened.change;
  if (PLANTED(kRemoveWithoutDot) && change.effects[0].kind == crdt::EffectKind::kRemove) {
    return apply_effects(*context_.store, turn, change);
  }
  if (!turn.first_dot) turn.first_dot = change.main_dot();
  RETURN_IF_ERROR(apply_change(*context_.store, turn, opened));
  unconfirmed_.add(context_.actors(), opened.sealed.actor, turn.out.facts);
  turn.out.facts.own.push_back(std::move(opened.sealed));
  return {};
}

}  // namespace agent
