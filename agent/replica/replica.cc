#include "agent/replica/replica.h"

#include <algorithm>
#include <utility>

#include "agent/replica/impl.h"
#include "agent/replica/tail.h"
#include "crdt/base/plant.h"

namespace agent {
namespace {

constexpr std::uint64_t kTailLogFactor = 8;  // times the log budget, while we may have a tail

}  // namespace

Replica::Replica(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Replica::~Replica() = default;

// If a start finds no room on the disk, it removes the ballast file and tries again.
base::Result<std::unique_ptr<Replica>> Replica::open(base::Now now, const std::string& path,
                                                     const ReplicaOptions& options,
                                                     const base::Bytes& host, base::Random random) {
  const std::string ballast = path + kBallastSuffix;
  auto opened = open_once(now, path, options, host, random);
  const bool full = !opened.ok() && opened.error().code == base::Code::kDiskFull;
  if (full && options.files && options.files->drop_ballast(ballast)) {
    opened = open_once(now, path, options, host, random);
  }
  if (opened.ok() && options.files) options.files->fill_ballast(ballast);
  return opened;
}

base::Result<std::unique_ptr<Replica>> Replica::open_once(base::Now now, const std::string& path,
                                                          const ReplicaOptions& options,
                                                          const base::Bytes& host,
                                                          base::Random random) {
  auto impl = std::make_unique<Impl>(path, options, std::move(random));
  ASSIGN_OR_RETURN(OpenedStore opened,
                   open_store(now, path, options.store, options.files, kPositionGap));
  impl->store = std::move(opened.store);
  impl->found_sound = opened.found_sound;
  if (opened.found_sound) {
    impl->carried.notices.push_back(
        {Notice::Kind::kRecovered, {}, 0, "every suspect row was read again and is right"});
  }
  if (!opened.set_aside.empty()) {
    impl->carried.notices.push_back({Notice::Kind::kSetAside, {}, 0, opened.set_aside});
  }
  base::Status started = impl->start(now, host);
  if (!started.ok() && started.error().code == base::Code::kCorrupt && options.files) {
    ASSIGN_OR_RETURN(opened, replace_store(now, path, options.store, *options.files, kPositionGap,
                                           std::move(impl->store), started.error().message));
    impl->store = std::move(opened.store);
    impl->carried.notices.push_back({Notice::Kind::kSetAside, {}, 0, opened.set_aside});
    started = impl->start(now, host);
  }
  RETURN_IF_ERROR(started);
  impl->reopen_at = now.instant;
  impl->committed = impl->state();
  return std::unique_ptr<Replica>(new Replica(std::move(impl)));
}

Outputs Replica::turn(base::Now now, std::span<Input> inputs, bool watched) {
  Impl::Turn turn;
  turn.now = now;
  turn.watched = watched;
  impl_->snapshots.expire(now, *impl_->store);
  if (auto refused = impl_->refuse_displaced(turn, inputs)) return std::move(*refused);
  Outputs recovered;
  if (impl_->broken && !impl_->reopen(now, recovered)) {
    base::Error stopped{base::Code::kReadOnly, "writing is stopped: " + impl_->fault->message};
    return impl_->refuse(turn, inputs, stopped);
  }
  if (Impl::names_a_peer(inputs)) impl_->give_up_damage();
  crdt::HybridClock clock_before = impl_->clock;
  auto alone_before = impl_->alone;
  std::int64_t replayed_before = impl_->replayed_until;
  auto undecided_before = impl_->undecided;
  bool tail_seen_before = impl_->tail_seen;
  auto applied = impl_->apply_all(turn, inputs);
  if (!applied.ok()) {
    impl_->store->rollback();
    impl_->clock = clock_before;
    impl_->alone = std::move(alone_before);
    impl_->replayed_until = replayed_before;
    impl_->undecided = turn.echo ? turn.echo : undecided_before;
    impl_->tail_seen = turn.echo.has_value() || tail_seen_before;
    Outputs out = impl_->refuse(turn, inputs, applied.error());
    if (PLANTED(kToldBeforeCommit)) out = std::move(turn.out);
    impl_->tell(recovered, out);
    return out;
  }
  if (impl_->fault) {
    impl_->fault.reset();
    recovered.notices.push_back({Notice::Kind::kRecovered, {}, 0, "writes succeed again"});
    if (impl_->options.files) impl_->options.files->fill_ballast(impl_->path + kBallastSuffix);
  }
  impl_->answer_queries(turn, inputs);
  impl_->twin |= turn.twin;
  bool moved = turn.changed || !turn.out.facts.advanced.empty();
  impl_->unsynced = !turn.synced && (impl_->unsynced || moved);
  turn.out.facts.state = impl_->committed = impl_->state();
  turn.out.facts.durable = !impl_->unsynced || PLANTED(kUnsyncedClaimed);
  turn.out.facts.packed = impl_->store->actors().vector().packed();
  turn.out.facts.left = impl_->store->actors().take_left();
  impl_->note_stopped(now, turn.out);
  impl_->tell(recovered, turn.out);
  return std::move(turn.out);
}

Outputs Replica::flush(base::Now now) {
  Outputs out;
  if (impl_->broken) return out;
  impl_->snapshots.expire(now, *impl_->store);
  Impl::Turn turn;
  turn.now = now;
  if (auto refused = impl_->refuse_displaced(turn, {})) return std::move(*refused);
  auto synced = impl_->store->sync();
  out.facts.state = impl_->state();
  if (synced.ok()) {
    impl_->unsynced = false;
    out.facts.durable = true;
    impl_->note_stopped(now, out);
    return out;
  }
  return impl_->refuse(turn, {}, synced.error());
}

base::Status Replica::Impl::apply_all(Turn& turn, std::span<Input> inputs) {
  // Rule 1: a turn with an own write is on the medium before anybody is told of it.
  bool writes = fault.has_value();
  base::Status check;  // reads our own rows before this turn changes any
  for (const Input& input : inputs) {
    writes |= std::holds_alternative<Write>(input);
    if (std::holds_alternative<DivergenceSeen>(input) && check.ok()) check = store->verify_digest();
  }
  turn.check = check;
  auto durability =
      writes && !PLANTED(kOwnWritesNormal) ? store::Durability::kFull : store::Durability::kNormal;
  RETURN_IF_ERROR(store->begin(durability));
  // An earlier turn that failed saw the echo. The actor is no longer ours, although the database
  // still names it.
  if (is_undecided(store->meta().own_actor)) leave_actor();
  RETURN_IF_ERROR(mend_if_damaged(turn));
  for (Input& input : inputs) RETURN_IF_ERROR(apply_input(turn, input));
  RETURN_IF_ERROR(mend_if_damaged(turn));
  if (store->meta().repair.stage == store::Repair::Stage::kReplaying) {
    RETURN_IF_ERROR(replay(turn));
  }
  RETURN_IF_ERROR(prune());
  // With a fault, the clock ticks so that the commit writes something and shows whether the fault
  // lasts.
  if (fault) clock.tick(turn.now);
  if (!PLANTED(kClockNotPersisted)) store->meta().clock = clock.latest();
  // A tail that was sealed again counts as an own write. The decision to repair must be in the
  // database at the next open.
  writes |= !turn.out.facts.own.empty() || store->meta().repair.sets_aside() || turn.twin;
  if (writes && !PLANTED(kOwnWritesNormal)) durability = store::Durability::kFull;
  turn.synced = writes;
  return store->commit(durability);
}

base::Status Replica::Impl::apply_input(Turn& turn, Input& input) {
  if (auto* write = std::get_if<Write>(&input)) return apply_write(turn, *write);
  if (auto* received = std::get_if<Received>(&input)) return apply_received(turn, *received);
  if (const auto* confirmed = std::get_if<ConfirmOwn>(&input)) {
    return confirm(turn, *confirmed);
  } else if (const auto* close = std::get_if<CloseActors>(&input)) {
    close_actors(*close);
  } else if (const auto* echo = std::get_if<EchoSeen>(&input)) {
    return on_echo(turn, echo->actor, echo->head);
  } else if (std::holds_alternative<TwinSeen>(input)) {
    on_twin(turn);
  } else if (const auto* seen = std::get_if<DivergenceSeen>(&input)) {
    return on_divergence(turn, *seen, turn.check);
  } else if (const auto* damaged = std::get_if<DamageSeen>(&input)) {
    return on_damage(turn, damaged->what);
  } else if (std::holds_alternative<Synchronised>(input)) {
    return after_merge(turn);
  } else if (store->meta().repair.sets_aside()) {
    return skip_join(turn, input);
  } else if (const auto* start = std::get_if<StartJoin>(&input)) {
    return start_join(turn, *start);
  } else if (const auto* answer = std::get_if<JoinAnswer>(&input)) {
    return take_answer(turn, *answer);
  } else if (const auto* stop = std::get_if<StopJoin>(&input)) {
    bool runs = join && join->peer() == stop->peer;
    if (runs) return stop_join(turn, JoinStep::Kind::kFailed);
  }
  return {};
}

// A peer that has another change under this number confirms nothing: it shows a fork.
base::Status Replica::Impl::confirm(Turn& turn, const ConfirmOwn& confirmed) {
  const auto found = alone.find(confirmed.actor);
  if (found == alone.end() || store->meta().repair.sets_aside()) return {};
  const crdt::Head theirs{confirmed.seq, confirmed.hash};
  ASSIGN_OR_RETURN(const bool other, has_other_content(confirmed.actor, theirs));
  if (other && is_of_this_node(*store, confirmed.actor)) {
    on_fork(turn, confirmed.actor, floor_of(confirmed.actor));
    return {};
  }
  if (other) return {};
  store::Actors& actors = store->actors();
  const base::ActorId own = store->meta().own_actor;
  const std::uint64_t head = actors.vector().seq_of(confirmed.actor);
  found->second = std::max(found->second, std::min(confirmed.seq, head));
  turn.out.facts.confirmed.emplace_back(found->first, found->second);
  if (found->first == own || found->second < head) return {};
  actors.set_alone(found->first, false);
  alone.erase(found);
  return {};
}

void Replica::Impl::add_alone(Turn& turn, const base::ActorId& actor) {
  store->actors().set_alone(actor, true);
  if (alone.try_emplace(actor, 0).second) turn.out.facts.alone.push_back(actor);
}

base::Status Replica::Impl::prune() {
  // While we may have to seal our tail again, the log may be larger. It has a bound because the
  // answer may never come.
  const auto longer = tail_seen ? kTailLogFactor : 1;
  if (store->log().bytes() <= options.store.log_bytes_max * longer) return {};
  store::Meta& meta = store->meta();
  ASSIGN_OR_RETURN(const store::ChangeLog::Pruned pruned,
                   store->log().prune(store->actors(), alone, snapshots.keep_from()));
  meta.lost_position = std::max(meta.lost_position, pruned.position);
  return {};
}

// Adds what was found before this turn, and says whether the database must be opened again.
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
  out.reopen = store->meta().repair.sets_aside() || twin;
  // The driver's next inputs must be committed, so it is told only when the disk takes writes
  // again.
  out.damaged = !damage.empty() && !out.reopen && !fault;
  out.fetching = store->meta().repair.stage == store::Repair::Stage::kFetching && !fault;
}

crdt::StateHash Replica::Impl::state() const {
  return crdt::state_hash(store->actors().vector_digest(), store->meta().digest);
}

Outputs Replica::scrub(base::Now now) {
  Outputs out;
  impl_->snapshots.expire(now, *impl_->store);
  Impl::Turn turn;
  turn.now = now;
  if (auto refused = impl_->refuse_displaced(turn, {})) {
    out = std::move(*refused);
  } else if (!impl_->broken) {
    impl_->scrub(out);
    impl_->note_stopped(now, out);
  }
  out.facts.state = impl_->state();
  out.facts.durable = !impl_->unsynced;
  Outputs nothing;
  impl_->tell(nothing, out);
  return out;
}

bool Replica::replaying() const {
  return impl_->store->meta().repair.stage == store::Repair::Stage::kReplaying;
}

bool Replica::fetching() const {
  return impl_->store->meta().repair.stage == store::Repair::Stage::kFetching;
}

bool Replica::read_ahead() { return !impl_->broken && impl_->snapshots.read_ahead(); }

void Replica::release_memory() { impl_->store->release_memory(); }

bool Replica::unsynced() const { return impl_->unsynced; }
std::int64_t Replica::wal_bytes() const { return impl_->store ? impl_->store->wal_bytes() : 0; }

base::Status Replica::close() {
  DatabaseFiles* files = impl_->options.files;
  if (files != nullptr) {
    if (auto in_place = files->in_place(); !in_place.ok()) {
      impl_->store->keep_wal_on_close();  // the files at our path may be those of another agent
      return in_place;
    }
  }
  if (!impl_->broken) return impl_->store->sync();
  return base::Error{base::Code::kReadOnly, "writing is stopped: " + impl_->fault->message};
}

const base::NodeId& Replica::node_id() const { return impl_->store->meta().node_id; }
const base::Bytes& Replica::signing_seed() const { return impl_->store->meta().signing_seed; }
bool Replica::has_new_node_id() const { return impl_->fresh; }
std::uint64_t Replica::boot_epoch() const { return impl_->store->meta().boot_epoch; }
const base::ActorId& Replica::own_actor() const { return impl_->store->meta().own_actor; }
const crdt::VersionVector& Replica::vector() const { return impl_->store->actors().vector(); }
crdt::StateHash Replica::state() const { return impl_->state(); }
const crdt::HybridClock& Replica::clock() const { return impl_->clock; }
store::Store& Replica::store() { return *impl_->store; }
const std::optional<base::Error>& Replica::fault() const { return impl_->fault; }

}  // namespace agent
