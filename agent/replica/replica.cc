#include "agent/replica/replica.h"

#include <algorithm>
#include <utility>

#include "agent/replica/impl.h"
#include "crdt/base/plant.h"

namespace agent {

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
  impl_->answer_queries(turn, inputs);
  for (Notice& notice : recovered.notices) turn.out.notices.push_back(std::move(notice));
  bool moved = turn.changed || !turn.out.facts.advanced.empty();
  impl_->unsynced = !turn.synced && (impl_->unsynced || moved);
  turn.out.facts.state = impl_->state();
  turn.out.facts.durable = !impl_->unsynced || PLANTED(kUnsyncedClaimed);
  turn.out.facts.left = impl_->store->actors().take_left();
  return std::move(turn.out);
}

Outputs Replica::flush(base::Now now) {
  Outputs out;
  if (impl_->broken) return out;
  impl_->snapshots.expire(now, *impl_->store);
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

base::Status Replica::Impl::apply_all(Turn& turn, std::span<Input> inputs) {
  // Rule 1: on the medium before anybody hears of it, if there is a write of our own.
  bool writes = fault.has_value();
  for (const Input& input : inputs) writes |= std::holds_alternative<Write>(input);
  snapshots.expire(turn.now, *store);
  bool full = writes && !PLANTED(kOwnWritesNormal);
  auto durability = full ? store::Durability::kFull : store::Durability::kNormal;
  RETURN_IF_ERROR(store->begin(durability));
  for (Input& input : inputs) {
    if (auto* write = std::get_if<Write>(&input)) {
      RETURN_IF_ERROR(apply_write(turn, *write));
    } else if (auto* received = std::get_if<Received>(&input)) {
      RETURN_IF_ERROR(apply_received(turn, *received));
    } else if (const auto* confirmed = std::get_if<ConfirmOwn>(&input)) {
      bool ours = confirmed->actor == store->meta().own_actor;
      if (ours) own_confirmed = std::max(own_confirmed, confirmed->seq);
    } else if (const auto* start = std::get_if<StartJoin>(&input)) {
      RETURN_IF_ERROR(start_join(turn, *start));
    } else if (const auto* answer = std::get_if<JoinAnswer>(&input)) {
      RETURN_IF_ERROR(take_answer(turn, *answer));
    } else if (const auto* stop = std::get_if<StopJoin>(&input)) {
      bool runs = join && join->peer() == stop->peer;
      if (runs) RETURN_IF_ERROR(stop_join(turn, JoinStep::Kind::kFailed));
    } else if (const auto* close = std::get_if<CloseActors>(&input)) {
      close_actors(*close);
    }
  }
  RETURN_IF_ERROR(prune());
  // So that the commit writes something, and tells whether the fault lasts.
  if (fault) clock.tick(turn.now);
  store->meta().clock = clock.latest();
  turn.synced = writes;
  return store->commit(durability);
}

base::Status Replica::Impl::prune() {
  if (store->log().bytes() <= options.store.log_bytes_max) return {};
  auto pruned = store->log().prune(store->actors(), store->meta().own_actor, own_confirmed,
                                   snapshots.keep_from());
  if (!pruned.ok()) return pruned.error();
  return {};
}

crdt::StateHash Replica::Impl::state() const {
  return crdt::state_hash(store->actors().vector_digest(), store->meta().digest);
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
