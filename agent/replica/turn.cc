#include <algorithm>
#include <utility>
#include <vector>

#include "agent/replica/impl.h"
#include "agent/replica/positions.h"
#include "agent/replica/tail.h"
#include "crdt/base/plant.h"

// The steps of one turn: it applies the inputs in one transaction, commits, and collects the
// outputs.

namespace agent {
namespace {

constexpr std::uint64_t kTailLogFactor = 8;  // times the log budget, while we may have a tail

// Maintenance whose answer to the client says that something is done.
bool is_own_write(const Input& input) {
  const auto* maintain = std::get_if<Maintain>(&input);
  if (!maintain) return false;
  const auto* import = std::get_if<ImportState>(&maintain->what);
  return std::holds_alternative<SetCompaction>(maintain->what) ||
         (import && import->step == ImportState::Step::kEnd);
}

}  // namespace

base::Status Replica::Impl::apply_all(Turn& turn, std::span<Input> inputs) {
  // Rule 1: a turn with an own write is on the medium before anybody is told of it.
  bool writes = disk.fault().has_value();
  bool diverged = false;
  for (const Input& input : inputs) {
    writes |= std::holds_alternative<Write>(input) || is_own_write(input);
    diverged |= std::holds_alternative<DivergenceSeen>(input);
  }
  if (diverged) turn.check = context.store->verify_digest();  // before this turn changes a row
  auto durability =
      writes && !PLANTED(kOwnWritesNormal) ? store::Durability::kFull : store::Durability::kNormal;
  RETURN_IF_ERROR(context.store->begin(durability));
  const base::Status applied = apply_each(turn, inputs);
  turn.gives_up = context.meta().repair.sets_aside();
  RETURN_IF_ERROR(applied);
  // With a fault, the clock ticks so that the commit writes something and shows whether the fault
  // lasts.
  if (disk.fault()) context.clock.tick(turn.now);
  if (!PLANTED(kClockNotPersisted)) context.meta().clock = context.clock.latest();
  // A tail that was sealed again counts as an own write. The decision to repair must be in the
  // database at the next open.
  writes |= !turn.out.facts.own.empty() || turn.gives_up || turn.twin;
  if (writes && !PLANTED(kOwnWritesNormal)) durability = store::Durability::kFull;
  turn.synced = writes;
  if (reserve_positions(context.meta())) {
    durability = store::Durability::kFull;
    turn.synced = true;
  }
  return context.store->commit(durability);
}

base::Status Replica::Impl::apply_each(Turn& turn, std::span<Input> inputs) {
  // An earlier turn that failed saw the echo. The actor is no longer ours, although the database
  // still names it.
  if (echo.is_undecided(context.meta().own_actor)) identity.leave_actor();
  RETURN_IF_ERROR(repair.mend_if_damaged(turn));
  for (Input& input : inputs) RETURN_IF_ERROR(apply_input(turn, input));
  RETURN_IF_ERROR(repair.mend_if_damaged(turn));
  if (context.meta().repair.stage == store::Repair::Stage::kReplaying) {
    RETURN_IF_ERROR(replay.step(turn));
  }
  return prune();
}

base::Status Replica::Impl::apply_input(Turn& turn, Input& input) {
  const bool of_peer = std::holds_alternative<Received>(input) ||
                       std::holds_alternative<JoinAnswer>(input) ||
                       std::holds_alternative<ConfirmOwn>(input);
  if (of_peer) absence.heard(turn.now);
  if (auto* write = std::get_if<Write>(&input)) return own_writes.write(turn, *write);
  if (auto* received = std::get_if<Received>(&input)) return inbox.take(turn, *received);
  if (const auto* confirmed = std::get_if<ConfirmOwn>(&input)) return confirm(turn, *confirmed);
  if (const auto* asked = std::get_if<Maintain>(&input)) return maintain(turn, *asked);
  if (const auto* shown = std::get_if<EchoSeen>(&input)) {
    return echo.on_echo(turn, shown->actor, shown->head);
  }
  if (const auto* damaged = std::get_if<DamageSeen>(&input)) {
    return repair.on_damage(turn, damaged->what);
  }
  if (std::holds_alternative<Synchronised>(input)) return inbox.after_merge(turn);
  if (const auto* close = std::get_if<CloseActors>(&input)) {
    close_actors(*close);
  } else if (std::holds_alternative<TwinSeen>(input)) {
    identity.on_twin(turn);
  } else {
    return apply_join_input(turn, input);
  }
  return {};
}

base::Status Replica::Impl::apply_join_input(Turn& turn, const Input& input) {
  if (const auto* seen = std::get_if<DivergenceSeen>(&input)) {
    if (!repair.on_divergence(turn, *seen)) return {};
    return joining.start(turn, {seen->peer, !PLANTED(kDivergenceJoinsEqualVectors)});
  }
  if (context.meta().repair.sets_aside()) return joining.skip(turn, input);
  if (const auto* start = std::get_if<StartJoin>(&input)) return joining.start(turn, *start);
  if (const auto* answer = std::get_if<JoinAnswer>(&input)) {
    return joining.take_answer(turn, *answer);
  }
  if (const auto* stop = std::get_if<StopJoin>(&input)) return joining.stop(turn, *stop);
  return {};  // a SnapshotQuery is answered after the commit or the rollback
}

// If the peer has another change under this number, it confirms nothing. This is a fork.
base::Status Replica::Impl::confirm(Turn& turn, const ConfirmOwn& confirmed) {
  const base::ActorId& actor = confirmed.actor;
  if (!unconfirmed.contains(actor) || context.meta().repair.sets_aside()) return {};
  ASSIGN_OR_RETURN(const bool other,
                   echo.has_other_content(actor, {confirmed.seq, confirmed.hash}));
  if (!other) {
    unconfirmed.confirm(context.actors(), confirmed, context.meta().own_actor, turn.out.facts);
  } else if (is_of_this_node(*context.store, actor)) {
    echo.on_fork(turn, actor, echo.floor_of(actor));
  }
  return {};
}

void Replica::Impl::close_actors(const CloseActors& close) {
  store::Actors& actors = context.actors();
  for (const base::ActorId& id : close.actors) {
    const auto actor = actors.find(id);
    if (actor && actor->left && !actor->closed) actors.set_closed(id, true);
  }
}

base::Status Replica::Impl::prune() {
  // The log may be larger while we may have to seal our tail again. It has a bound in this case
  // too, because no peer may ever show whether we must.
  const auto longer = echo.tail_seen() ? kTailLogFactor : 1;
  if (context.store->log().bytes() <= context.options.store.log_bytes_max * longer) return {};
  store::Meta& meta = context.meta();
  ASSIGN_OR_RETURN(
      const store::ChangeLog::Pruned pruned,
      context.store->log().prune(context.actors(), unconfirmed.confirmed(), snapshots.keep_from()));
  meta.lost_position = std::max(meta.lost_position, pruned.position);
  return {};
}

void Replica::Impl::roll_back(Memory&& before, const Turn& failed) {
  context.store->rollback();
  context.clock = before.clock;
  unconfirmed = std::move(before.unconfirmed);
  replay.restore(before.replayed_until);
  echo.restore(before.echo, failed);
}

void Replica::Impl::answer_reads(base::Now now, std::span<Input> inputs,
                                 const Snapshots::Source& source, Outputs& out) {
  for (const Input& input : inputs) {
    if (const auto* asked = std::get_if<Maintain>(&input)) export_page(now, *asked, source, out);
    const auto* query = std::get_if<SnapshotQuery>(&input);
    if (!query) continue;
    // Peers must not get a state that we give up.
    if (gives_up || context.meta().repair.sets_aside()) {
      out.pages.push_back({query->request, SnapshotRead::Outcome::kFailed, {}});
      continue;
    }
    base::Status read;
    out.pages.push_back(snapshots.answer(now, *query, source, read));
    if (!read.ok() && read.error().code == base::Code::kCorrupt) {
      repair.note_damage(out, read.error().message);
    }
  }
}

// The commit failed, or there was none. A full disk may still take a flush. A connection that must
// be opened again cannot flush: only a state that was flushed before can be given then.
void Replica::Impl::answer_reads_without_commit(base::Now now, std::span<Input> inputs,
                                                Outputs& out) {
  bool synced = false;
  Snapshots::Source source{*context.store, synced, {}, {}};
  if (disk.broken()) {
    source.fault = {base::Code::kReadOnly,
                    "the newest changes may not be on the medium, so this state is not given out; "
                    "writing is stopped: " +
                        disk.fault()->message};
    if (!unsynced) source.flushed = context.committed;
  }
  answer_reads(now, inputs, source, out);
  if (synced) unsynced = false;
  out.facts.durable |= synced;
  disk.note_stopped(now, out);
}

// What a turn that failed says. Clients and the protocol are told that nothing of it was done. What
// only reads is answered afterwards.
Outputs Replica::Impl::take_back(Turn& turn, std::span<Input> inputs, const base::Error& error) {
  Outputs out;
  for (Input& input : inputs) {
    if (auto* write = std::get_if<Write>(&input)) {
      out.replies.push_back({write->ticket, told_to_client(error)});
    } else if (auto* received = std::get_if<Received>(&input)) {
      out.facts.finished.push_back(received->number);
      for (const crdt::Opened& opened : received->changes) {
        out.facts.forgotten.emplace_back(opened.sealed.actor, opened.sealed.seq);
      }
    } else if (const auto* asked = std::get_if<Maintain>(&input)) {
      if (std::holds_alternative<ExportState>(asked->what)) continue;
      out.maintained.emplace_back(asked->ticket, told_to_client(error));
    }
  }
  // Two kinds of notices stay true although the turn failed: a damaged row, and an echo of our own
  // actor.
  for (const Notice& notice : turn.out.notices) {
    const bool stands =
        notice.kind == Notice::Kind::kCorruptRow || notice.kind == Notice::Kind::kEcho;
    if (stands) out.notices.push_back(notice);
  }
  joining.refuse(turn.now, inputs, out);
  // Changes that left the parked ones in this turn may be lost with it, so all parked changes are
  // forgotten and fetched again.
  for (const auto& names : {inbox.forget_parked(), turn.taken}) {
    out.facts.forgotten.insert(out.facts.forgotten.end(), names.begin(), names.end());
  }
  out.facts.state = context.committed;
  return out;
}

Outputs Replica::Impl::refuse(Turn& turn, std::span<Input> inputs, const base::Error& error) {
  Outputs out = take_back(turn, inputs, error);
  if (error.code != base::Code::kCorrupt) {
    disk.note(turn.now, error, out);
  } else if (!store::is_about_log(error.message) || !repair.mend_next_turn()) {
    repair.note_damage(out, error.message);
  }
  gives_up |= turn.gives_up;
  answer_reads_without_commit(turn.now, inputs, out);
  return out;
}

std::optional<Outputs> Replica::Impl::refuse_displaced(Turn& turn, std::span<Input> inputs) {
  if (context.options.files == nullptr) return std::nullopt;
  const base::Status placed = context.options.files->in_place();
  if (placed.ok()) return std::nullopt;
  Outputs out = take_back(turn, inputs, placed.error());
  disk.note_displaced(placed.error(), out);
  // The path may name the files of another agent, so only leases that are open already are read.
  answer_reads(turn.now, inputs, {*context.store, turn.synced, placed.error(), {}}, out);
  return out;
}

// Adds what was found before this turn, and sets whether the database must be opened again.
void Replica::Impl::tell(Outputs& before, Outputs& out) {
  std::vector<Notice> notices = std::move(carried.notices);
  for (std::vector<Notice>* more : {&before.notices, &out.notices}) {
    for (Notice& notice : *more) notices.push_back(std::move(notice));
  }
  out.notices = std::move(notices);
  for (const Stored* facts : {&carried.facts, &before.facts}) {
    out.facts.left.insert(out.facts.left.end(), facts->left.begin(), facts->left.end());
    out.facts.stopped.insert(out.facts.stopped.end(), facts->stopped.begin(), facts->stopped.end());
    out.facts.alone.insert(out.facts.alone.end(), facts->alone.begin(), facts->alone.end());
  }
  carried = {};
  out.reopen = context.meta().repair.sets_aside() || identity.has_twin();
  // The driver's next inputs must be committed, so it is told only when the disk takes writes
  // again.
  out.damaged = repair.has_damage() && !out.reopen && !disk.fault();
  out.fetching = context.meta().repair.stage == store::Repair::Stage::kFetching && !disk.fault();
}

}  // namespace agent
