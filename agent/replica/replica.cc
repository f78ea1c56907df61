#include "agent/replica/replica.h"

#include <utility>

#include "agent/replica/events.h"
#include "agent/replica/gate.h"
#include "agent/replica/planner.h"
#include "crdt/base/hash.h"
#include "crdt/base/plant.h"

namespace agent {
namespace {

constexpr std::size_t kSigningSeedBytes = 32;
// After an unclean end the log may have lost a suffix whose positions were given out as cursors.
// Larger than any such suffix, so that positions never come again (interface.md section 3).
constexpr std::int64_t kPositionGap = 1 << 24;

}  // namespace

struct Replica::Impl {
  std::string path;
  ReplicaOptions options;
  base::Random random;
  std::unique_ptr<store::Store> store;
  crdt::HybridClock clock{{}, {}};
  std::uint64_t own_confirmed = 0;  // of the own actor, by any peer
  bool unsynced = false;
  std::optional<base::Error> fault;
  base::Instant reopen_at;

  // What one turn gathers.
  struct Turn {
    base::Now now;
    bool watched = false;
    bool synced = false;  // the commit is on the medium, and all before it
    std::optional<crdt::HybridTime> time;
    std::optional<crdt::Dot> first_dot;
    Outputs out;
  };

  Impl(std::string file, const ReplicaOptions& replica_options, base::Random chance)
      : path(std::move(file)), options(replica_options), random(std::move(chance)) {}

  // --- start ---------------------------------------------------------------------------------

  base::Status start(const Outside& outside) {
    store::Meta& meta = store->meta();
    bool same_node = keeps_node(outside);
    bool proven = same_node && keeps_actor(outside);
    RETURN_IF_ERROR(store->begin());
    if (!proven) leave_actor();
    if (!same_node) {
      meta.node_id = random.id<base::NodeTag>();
      meta.signing_seed = random.bytes(kSigningSeedBytes);
    }
    if (!proven) meta.next_position += kPositionGap;
    meta.run_token = outside.tokens.empty() ? random.id<base::RunTag>() : outside.tokens.back();
    meta.host_fingerprint = outside.fingerprint;
    ++meta.boot_epoch;
    return store->commit(store::Durability::kFull);
  }

  // Rule 2: proof is a mark outside the data directory that equals the database exactly, on the
  // same host and path. Kill, power cut, restore and copy leave none.
  bool keeps_actor(const Outside& outside) const {
    const store::Meta& meta = store->meta();
    if (meta.own_actor.is_zero() || !outside.mark) return false;
    Mark here{meta.run_token, meta.own_actor, store->actors().vector().head_of(meta.own_actor)};
    return *outside.mark == here && meta.host_fingerprint == outside.fingerprint;
  }

  // A database with another token, host or path was copied or restored. Where no token stands (its
  // place cannot be written), the fingerprint alone has to do.
  bool keeps_node(const Outside& outside) const {
    const store::Meta& meta = store->meta();
    if (meta.node_id.is_zero() || meta.host_fingerprint != outside.fingerprint) return false;
    if (outside.tokens.size() <= 1) return true;
    for (const base::RunToken& token : outside.tokens) {
      if (token == meta.run_token) return true;
    }
    return false;
  }

  // The next own write mints a new actor, and its first change names this one in its deps.
  void leave_actor() {
    store::Meta& meta = store->meta();
    if (!meta.own_actor.is_zero()) store->actors().mark_unsealed(meta.own_actor);
    meta.own_actor = {};
    own_confirmed = 0;
  }

  void mint_actor(Turn& turn, std::string why) {
    leave_actor();
    store->meta().own_actor = random.id<base::ActorTag>();
    std::size_t live = 1;
    for (const auto& [id, actor] : store->actors().all()) {
      live += actor.node && *actor.node == store->meta().node_id ? 1 : 0;
    }
    const base::ActorId& own = store->meta().own_actor;
    turn.out.notices.push_back({Notice::Kind::kActorMinted, own, 0, std::move(why)});
    if (live > options.own_actors_max) {
      turn.out.notices.push_back({Notice::Kind::kActorsMany, own, live, ""});
    }
  }

  // --- a turn --------------------------------------------------------------------------------

  base::Status apply_all(Turn& turn, std::span<Input> inputs) {
    // Rule 1: on the medium before anybody hears of it, if there is a write of our own.
    bool writes = fault.has_value();
    for (const Input& input : inputs) writes |= std::holds_alternative<Write>(input);
    auto durability = writes && !PLANTED(kOwnWritesNormal) ? store::Durability::kFull
                                                           : store::Durability::kNormal;
    RETURN_IF_ERROR(store->begin(durability));
    for (Input& input : inputs) {
      if (auto* write = std::get_if<Write>(&input)) {
        RETURN_IF_ERROR(apply_write(turn, *write));
      } else if (auto* received = std::get_if<Received>(&input)) {
        RETURN_IF_ERROR(apply_received(turn, *received));
      } else if (const auto* confirmed = std::get_if<ConfirmOwn>(&input)) {
        if (confirmed->actor == store->meta().own_actor && confirmed->seq > own_confirmed) {
          own_confirmed = confirmed->seq;
        }
      }
    }
    RETURN_IF_ERROR(prune());
    // So that the commit writes something, and tells whether the fault lasts.
    if (fault) clock.tick(turn.now);
    store->meta().clock = clock.latest();
    turn.synced = writes;
    return store->commit(durability);
  }

  base::Status prune() {
    if (store->log().bytes() <= options.store.log_bytes_max) return {};
    auto pruned = store->log().prune(store->actors(), store->meta().own_actor, own_confirmed);
    if (!pruned.ok()) return pruned.error();
    return {};
  }

  // Errors of the request go to its client; a fault of the store ends the turn.
  base::Status apply_write(Turn& turn, const Write& write) {
    turn.first_dot.reset();
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
    turn.out.replies.push_back({write.ticket, std::move(written)});
    return {};
  }

  static bool is_fault(const base::Error& error) {
    return error.code == base::Code::kDiskFull || error.code == base::Code::kReadOnly ||
           error.code == base::Code::kIndeterminate;
  }

  // Rule 9: a clock that runs ahead of a trusted wall starts again under a new actor. The actor is
  // minted here, before anything is stamped.
  crdt::HybridTime own_time(Turn& turn) {
    if (clock.runs_ahead(turn.now)) {
      clock.restart_from_wall(turn.now);
      mint_actor(turn, "the clock was ahead of the wall clock");
      turn.out.notices.push_back({Notice::Kind::kClockRestarted, store->meta().own_actor, 0, ""});
    }
    if (store->meta().own_actor.is_zero()) mint_actor(turn, "first write since an unproven start");
    return clock.tick(turn.now);
  }

  base::Status seal_and_apply(Turn& turn, std::vector<crdt::Effect> effects,
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
    std::vector<crdt::Dependency> deps = actors.take_moved(change.actor);
    change.deps = deps;
    auto sealed = crdt::seal(change);
    if (!sealed.ok()) {
      for (const crdt::Dependency& dep : deps) actors.mark_unsealed(dep.actor);
      return sealed.error();
    }
    opened.sealed = std::move(*sealed);
    if (!turn.first_dot) turn.first_dot = change.dot_of(0);
    auto applied = apply_change(turn, opened);
    if (!applied.ok()) {
      store_fault = applied.error();
      return applied;
    }
    turn.out.facts.own.push_back(std::move(opened.sealed));
    return {};
  }

  // A message that contradicts what we hold is refused before anything of it is applied (rule 2).
  base::Status apply_received(Turn& turn, Received& received) {
    turn.out.facts.bytes_done += received.bytes;
    if (const crdt::Opened* contradiction = find_contradiction(turn, received)) {
      forget_all(turn, received);
      return store->proofs().keep(contradiction->sealed);
    }
    for (crdt::Opened& opened : received.changes) {
      Gate gate = judge(store->actors().vector(), opened);
      if (gate == Gate::kSeen) continue;
      if (gate != Gate::kReady) {
        turn.out.facts.forgotten.emplace_back(opened.sealed.actor, opened.sealed.seq);
        turn.out.notices.push_back(
            {gate == Gate::kUnknown ? Notice::Kind::kUnknownEnvelope : Notice::Kind::kDropped,
             opened.sealed.actor, opened.sealed.seq, ""});
        continue;
      }
      if (clock.merge(turn.now, opened.change.time) == crdt::HybridClock::Merge::kAhead) {
        turn.out.notices.push_back(
            {Notice::Kind::kClockAhead, opened.sealed.actor, opened.sealed.seq, ""});
      }
      RETURN_IF_ERROR(apply_change(turn, opened));
    }
    return {};
  }

  const crdt::Opened* find_contradiction(Turn& turn, const Received& received) {
    crdt::VersionVector vector;  // of the actors named in this message, as it goes along
    for (const crdt::Opened& opened : received.changes) {
      const crdt::SealedChange& sealed = opened.sealed;
      if (vector.seq_of(sealed.actor) == 0) {
        vector.set(sealed.actor, store->actors().vector().head_of(sealed.actor));
      }
      crdt::Head head = vector.head_of(sealed.actor);
      bool echo = sealed.actor == store->meta().own_actor && sealed.seq > head.seq;
      bool other =
          (head.seq == sealed.seq && head.hash != sealed.hash) ||
          (opened.envelope_known && sealed.seq == head.seq + 1 && opened.change.prev != head.hash);
      if (echo || other || dependency_contradicts(opened)) {
        std::string from = "from " + received.from.hex();
        turn.out.notices.push_back({Notice::Kind::kPrevMismatch, sealed.actor, sealed.seq, from});
        // Our own actor goes on somewhere else: a copy of us writes, or we lost our tail. Nothing
        // more is sealed under it.
        if (sealed.actor == store->meta().own_actor) leave_actor();
        return &opened;
      }
      if (sealed.seq == head.seq + 1) vector.set(sealed.actor, {sealed.seq, sealed.hash});
    }
    return nullptr;
  }

  bool dependency_contradicts(const crdt::Opened& opened) const {
    for (const crdt::Dependency& dep : opened.change.deps) {
      crdt::Head known = store->actors().vector().head_of(dep.actor);
      if (known.seq == dep.head.seq && known.hash != dep.head.hash) return true;
    }
    return false;
  }

  static void forget_all(Turn& turn, const Received& received) {
    for (const crdt::Opened& opened : received.changes) {
      turn.out.facts.forgotten.emplace_back(opened.sealed.actor, opened.sealed.seq);
    }
  }

  // Cells, log, vector and digest of one change, own or received (rule 6).
  base::Status apply_change(Turn& turn, const crdt::Opened& opened) {
    const crdt::Change& change = opened.change;
    store::Actors& actors = store->actors();
    std::int64_t index = actors.intern(change.actor);
    for (std::size_t i = 0; i < change.effects.size(); ++i) {
      const crdt::Effect& effect = change.effects[i];
      ASSIGN_OR_RETURN(store::SlotRow row, store->cells().load_slot(effect.slot));
      auto before = static_cast<std::int64_t>(row.cells.size());
      crdt::Digest delta;
      if (!crdt::apply_effect(effect, change.dot_of(i), row.cells, delta)) continue;
      RETURN_IF_ERROR(store->cells().save(row));
      auto after = static_cast<std::int64_t>(row.cells.size());
      RETURN_IF_ERROR(store->cells().account(effect.slot, after - before, {}, delta));
    }
    std::int64_t position = store->meta().next_position++;
    RETURN_IF_ERROR(store->log().append(position, index, opened.sealed));
    crdt::Head head{change.seq, opened.sealed.hash};
    actors.advance(change.actor, head);
    if (change.node) actors.set_node(change.actor, *change.node);
    turn.out.facts.advanced[change.actor] = head;
    if (!turn.watched) return {};
    return append_events(store->cells(), actors, change, position, turn.out.events);
  }

  // --- faults --------------------------------------------------------------------------------

  // Nothing of this turn happened, as far as anybody is told.
  Outputs refuse(Turn& turn, std::span<Input> inputs, const base::Error& error) {
    Outputs out;
    for (Input& input : inputs) {
      if (auto* write = std::get_if<Write>(&input)) {
        out.replies.push_back({write->ticket, error});
      } else if (auto* received = std::get_if<Received>(&input)) {
        out.facts.bytes_done += received->bytes;
        for (const crdt::Opened& opened : received->changes) {
          out.facts.forgotten.emplace_back(opened.sealed.actor, opened.sealed.seq);
        }
      }
    }
    // Neither harms the file; everything else needs recovery on a new connection (rule 13).
    bool full = error.code == base::Code::kDiskFull;
    bool corrupt = error.code == base::Code::kCorrupt;
    if (!fault || fault->code != error.code) {
      auto kind = full      ? Notice::Kind::kDiskFull
                  : corrupt ? Notice::Kind::kCorruptRow
                            : Notice::Kind::kDiskFault;
      out.notices.push_back({kind, {}, 0, error.message});
    }
    fault = error;
    if (!full && !corrupt) {
      reopen_at = turn.now.instant + options.reopen_interval;
      broken = true;
    }
    out.facts.state = state();
    return out;
  }

  bool broken = false;  // the store must be opened again before the next write

  bool reopen(base::Now now, Outputs& out) {
    if (now.instant < reopen_at) return false;
    reopen_at = now.instant + options.reopen_interval;
    store::Meta before = store->meta();
    auto opened = store::Store::open(path, options.store);
    if (!opened.ok()) return false;
    store = std::move(*opened);
    if (!store->begin().ok()) return false;
    leave_actor();
    store->meta().run_token = before.run_token;
    store->meta().boot_epoch = before.boot_epoch;
    store->meta().next_position += kPositionGap;
    if (!store->commit(store::Durability::kFull).ok()) return false;
    clock = crdt::HybridClock(std::max(clock.latest(), store->meta().clock), options.clock);
    broken = false;
    fault.reset();
    out.notices.push_back({Notice::Kind::kRecovered, {}, 0, "opened again"});
    return true;
  }

  crdt::StateHash state() const {
    return crdt::state_hash(store->actors().vector_digest(), store->meta().digest);
  }
};

Replica::Replica(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Replica::~Replica() = default;

base::Result<std::unique_ptr<Replica>> Replica::open(base::Now now, const std::string& path,
                                                     const ReplicaOptions& options,
                                                     const Outside& outside, base::Random random) {
  auto impl = std::make_unique<Impl>(path, options, std::move(random));
  ASSIGN_OR_RETURN(impl->store, store::Store::open(path, options.store));
  RETURN_IF_ERROR(impl->start(outside));
  impl->clock = crdt::HybridClock(impl->store->meta().clock, options.clock);
  impl->reopen_at = now.instant;
  return std::unique_ptr<Replica>(new Replica(std::move(impl)));
}

Outputs Replica::turn(base::Now now, std::span<Input> inputs, bool watched) {
  Impl::Turn turn{now, watched, false, {}, {}, {}};
  Outputs recovered;
  if (impl_->broken && !impl_->reopen(now, recovered)) {
    base::Error stopped{base::Code::kReadOnly, "writing is stopped: " + impl_->fault->message};
    return impl_->refuse(turn, inputs, stopped);
  }
  crdt::HybridClock clock_before = impl_->clock;
  std::uint64_t confirmed_before = impl_->own_confirmed;
  auto applied = impl_->apply_all(turn, inputs);
  if (!applied.ok()) {
    impl_->store->rollback();
    impl_->clock = clock_before;
    impl_->own_confirmed = confirmed_before;
    return impl_->refuse(turn, inputs, applied.error());
  }
  if (impl_->fault) {
    impl_->fault.reset();
    recovered.notices.push_back({Notice::Kind::kRecovered, {}, 0, "writes succeed again"});
  }
  for (Notice& notice : recovered.notices) turn.out.notices.push_back(std::move(notice));
  bool moved = !turn.out.facts.advanced.empty();
  impl_->unsynced = !turn.synced && (impl_->unsynced || moved);
  turn.out.facts.state = impl_->state();
  turn.out.facts.durable = !impl_->unsynced;
  return std::move(turn.out);
}

Outputs Replica::flush(base::Now now) {
  Outputs out;
  if (impl_->broken) return out;
  auto synced = impl_->store->sync();
  out.facts.state = impl_->state();
  if (synced.ok()) {
    impl_->unsynced = false;
    out.facts.durable = true;
    return out;
  }
  Impl::Turn turn{now, false, false, {}, {}, {}};
  return impl_->refuse(turn, {}, synced.error());
}

bool Replica::unsynced() const { return impl_->unsynced; }

std::optional<Mark> Replica::close() {
  const store::Meta& meta = impl_->store->meta();
  if (impl_->broken || !impl_->store->sync().ok()) return std::nullopt;
  std::optional<Mark> mark;
  if (!meta.own_actor.is_zero()) {
    mark = Mark{meta.run_token, meta.own_actor, vector().head_of(meta.own_actor)};
  }
  return mark;
}

const base::NodeId& Replica::node_id() const { return impl_->store->meta().node_id; }
const base::Bytes& Replica::signing_seed() const { return impl_->store->meta().signing_seed; }
std::uint64_t Replica::boot_epoch() const { return impl_->store->meta().boot_epoch; }
const base::ActorId& Replica::own_actor() const { return impl_->store->meta().own_actor; }
const base::RunToken& Replica::run_token() const { return impl_->store->meta().run_token; }
const crdt::VersionVector& Replica::vector() const { return impl_->store->actors().vector(); }
crdt::StateHash Replica::state() const { return impl_->state(); }
const crdt::HybridClock& Replica::clock() const { return impl_->clock; }
store::Store& Replica::store() { return *impl_->store; }
const std::optional<base::Error>& Replica::fault() const { return impl_->fault; }

}  // namespace agent
