#include "agent/replica/replica.h"

#include <algorithm>
#include <utility>

#include "agent/replica/impl.h"
#include "crdt/base/plant.h"

namespace agent {
namespace {

bool names_a_peer(std::span<const Input> inputs) {
  return std::any_of(inputs.begin(), inputs.end(), [](const Input& input) {
    return std::holds_alternative<Received>(input) || std::holds_alternative<ConfirmOwn>(input) ||
           std::holds_alternative<DivergenceSeen>(input) ||
           std::holds_alternative<JoinAnswer>(input) ||
           std::holds_alternative<SnapshotQuery>(input);
  });
}

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
  ASSIGN_OR_RETURN(OpenedStore opened, open_store(now, path, options.store, options.files));
  impl->context.store = std::move(opened.store);
  impl->repair.set_found_sound(opened.found_sound);
  if (opened.found_sound) {
    impl->carried.notices.push_back(
        {Notice::Kind::kRecovered, {}, 0, "every suspect row was read again and is right"});
  }
  if (!opened.set_aside.empty()) {
    impl->carried.notices.push_back({Notice::Kind::kSetAside, {}, 0, opened.set_aside});
  }
  base::Status started = impl->start(now, host);
  if (!started.ok() && started.error().code == base::Code::kCorrupt && options.files) {
    ASSIGN_OR_RETURN(opened,
                     replace_store(now, path, options.store, *options.files,
                                   std::move(impl->context.store), started.error().message));
    impl->context.store = std::move(opened.store);
    impl->carried.notices.push_back({Notice::Kind::kSetAside, {}, 0, opened.set_aside});
    started = impl->start(now, host);
  }
  RETURN_IF_ERROR(started);
  impl->disk.allow_reopen(now.instant);
  impl->context.committed = impl->context.state();
  return std::unique_ptr<Replica>(new Replica(std::move(impl)));
}

Outputs Replica::turn(base::Now now, std::span<Input> inputs, bool watched) {
  Context& context = impl_->context;
  Turn turn;
  turn.now = now;
  turn.watched = watched;
  impl_->snapshots.expire(now, *context.store);
  if (auto refused = impl_->refuse_displaced(turn, inputs)) return std::move(*refused);
  Outputs recovered;
  if (impl_->disk.broken() && !impl_->disk.reopen(now, recovered)) {
    const base::Error stopped{base::Code::kReadOnly,
                              "writing is stopped: " + impl_->disk.fault()->message};
    return impl_->refuse(turn, inputs, stopped);
  }
  if (names_a_peer(inputs)) impl_->repair.give_up_damage();
  Impl::Memory before = impl_->memory();
  const base::Status applied = impl_->apply_all(turn, inputs);
  if (!applied.ok()) {
    impl_->roll_back(std::move(before), turn);
    Outputs out = impl_->refuse(turn, inputs, applied.error());
    if (PLANTED(kToldBeforeCommit)) out = std::move(turn.out);
    impl_->tell(recovered, out);
    return out;
  }
  impl_->disk.note_commit(recovered);
  impl_->gives_up = false;
  impl_->compact(inputs, turn.out);
  impl_->answer_reads(now, inputs, {*context.store, turn.synced, {}, {}}, turn.out);
  impl_->identity.note_commit(turn);
  const bool moved = turn.changed || !turn.out.facts.advanced.empty();
  impl_->unsynced = !turn.synced && (impl_->unsynced || moved);
  turn.out.facts.state = context.committed = context.state();
  turn.out.facts.position = context.position();
  turn.out.facts.durable = !impl_->unsynced || PLANTED(kUnsyncedClaimed);
  turn.out.facts.packed = context.actors().vector().packed();
  turn.out.facts.left = context.actors().take_left();
  impl_->disk.note_stopped(now, turn.out);
  impl_->tell(recovered, turn.out);
  return std::move(turn.out);
}

Outputs Replica::flush(base::Now now) {
  Outputs out;
  if (impl_->disk.broken()) return out;
  impl_->snapshots.expire(now, *impl_->context.store);
  Turn turn;
  turn.now = now;
  if (auto refused = impl_->refuse_displaced(turn, {})) return std::move(*refused);
  const base::Status synced = impl_->context.store->sync();
  out.facts.state = impl_->context.state();
  if (!synced.ok()) return impl_->refuse(turn, {}, synced.error());
  out.facts.position = impl_->context.position();
  impl_->unsynced = false;
  out.facts.durable = true;
  impl_->disk.note_stopped(now, out);
  return out;
}

Outputs Replica::scrub(base::Now now) {
  Outputs out;
  impl_->snapshots.expire(now, *impl_->context.store);
  Turn turn;
  turn.now = now;
  if (auto refused = impl_->refuse_displaced(turn, {})) {
    out = std::move(*refused);
  } else if (!impl_->disk.broken()) {
    impl_->repair.scrub(out);
    const base::Status folded = impl_->compaction.rest();
    if (!folded.ok() && folded.error().code == base::Code::kCorrupt) {
      impl_->repair.note_damage(out, folded.error().message);
    }
    impl_->disk.note_stopped(now, out);
  }
  out.facts.state = impl_->context.state();
  out.facts.position = impl_->context.position();
  out.facts.durable = !impl_->unsynced;
  Outputs nothing;
  impl_->tell(nothing, out);
  return out;
}

bool Replica::replaying() const {
  return impl_->context.meta().repair.stage == store::Repair::Stage::kReplaying;
}

bool Replica::fetching() const {
  return impl_->context.meta().repair.stage == store::Repair::Stage::kFetching;
}

bool Replica::read_ahead() { return !impl_->disk.broken() && impl_->snapshots.read_ahead(); }

void Replica::release_memory() { impl_->context.store->release_memory(); }

bool Replica::unsynced() const { return impl_->unsynced; }
std::int64_t Replica::wal_bytes() const { return impl_->context.store->wal_bytes(); }
StoreCounts Replica::counts() const {
  store::Store& store = *impl_->context.store;
  const store::Texts& texts = store.cells().texts();
  const store::TextTotals& totals = texts.totals();
  return {store.written_bytes(), store.log().written(),
          texts.counts().folded, totals.texts,
          totals.waiting,        totals.waiting_changes,
          texts.open_bytes(),    store.cells().bytes_in_memory()};
}
std::int64_t Replica::free_pages() const { return impl_->context.store->free_pages(); }

base::Status Replica::close() {
  DatabaseFiles* files = impl_->context.options.files;
  if (files != nullptr) {
    if (auto in_place = files->in_place(); !in_place.ok()) {
      impl_->context.store
          ->keep_wal_on_close();  // the files at our path may be those of another agent
      return in_place;
    }
  }
  if (!impl_->disk.broken()) return impl_->context.store->sync();
  return base::Error{base::Code::kReadOnly, "writing is stopped: " + impl_->disk.fault()->message};
}

const base::NodeId& Replica::node_id() const { return impl_->context.meta().node_id; }
const base::Bytes& Replica::signing_seed() const { return impl_->context.meta().signing_seed; }
bool Replica::has_new_node_id() const { return impl_->identity.has_new_node_id(); }
std::uint64_t Replica::boot_epoch() const { return impl_->context.meta().boot_epoch; }
const base::ActorId& Replica::own_actor() const { return impl_->context.meta().own_actor; }
const crdt::VersionVector& Replica::vector() const { return impl_->context.actors().vector(); }
crdt::StateHash Replica::state() const { return impl_->context.state(); }
std::uint64_t Replica::position() const { return impl_->context.position(); }
const crdt::HybridClock& Replica::clock() const { return impl_->context.clock; }
store::Store& Replica::store() { return *impl_->context.store; }
const std::optional<base::Error>& Replica::fault() const { return impl_->disk.fault(); }

std::vector<base::ActorId> Replica::left() const {
  std::vector<base::ActorId> found;
  for (const auto& [id, actor] : impl_->context.actors().loose()) {
    if (actor.left && !actor.closed) found.push_back(id);
  }
  return found;
}

std::vector<base::ActorId> Replica::closed() const {
  std::vector<base::ActorId> found;
  impl_->context.actors().visit([&](const base::ActorId& id, const store::Actor& actor) {
    if (actor.closed) found.push_back(id);
    return true;
  });
  return found;
}

std::vector<base::ActorId> Replica::closed_lately() const {
  std::vector<base::ActorId> found;
  for (const auto& [id, actor] : impl_->context.actors().loose()) {
    if (actor.closed) found.push_back(id);
  }
  return found;
}

std::vector<base::ActorId> Replica::alone() const { return impl_->unconfirmed.names(); }

}  // namespace agent
