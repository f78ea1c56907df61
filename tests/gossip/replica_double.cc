#include "tests/gossip/replica_double.h"

#include <algorithm>
#include <utility>

#include "crdt/base/check.h"
#include "crdt/base/random.h"
#include "crdt/codec.h"

namespace gossip::testing {

void ReplicaDouble::write(std::size_t value_bytes) { writes_.push_back(value_bytes); }

Stored ReplicaDouble::turn() {
  Stored facts;
  for (Apply& apply : waiting_) {
    bool refused = std::any_of(apply.changes.begin(), apply.changes.end(), [&](const auto& opened) {
      return opened.sealed.actor == contradicted_;
    });
    facts.finished.push_back(apply.number);
    for (crdt::Opened& opened : apply.changes) {
      if (refused) {
        facts.forgotten.emplace_back(opened.sealed.actor, opened.sealed.seq);
        continue;
      }
      if (vector_.covers(opened.sealed.actor, opened.sealed.seq)) continue;
      auto stop = stop_at_.find(opened.sealed.actor);
      if (stop != stop_at_.end() && opened.sealed.seq > stop->second) {
        facts.stopped.push_back(opened.sealed.actor);
        facts.forgotten.emplace_back(opened.sealed.actor, opened.sealed.seq);
        continue;
      }
      if (ready(opened)) {
        this->apply(opened, facts);
      } else {
        put_aside(std::move(opened), facts);
      }
    }
  }
  apply_parked(facts);
  waiting_.clear();
  for (Step& step : steps_) take_step(step, facts);
  steps_.clear();
  facts.left = std::exchange(left_, {});
  bool wrote = !writes_.empty();
  for (std::size_t bytes : writes_) {
    crdt::Opened opened;
    crdt::Change& change = opened.change;
    change.actor = actor_;
    crdt::Head head = vector_.head_of(actor_);
    change.seq = head.seq + 1;
    change.prev = head.hash;
    change.time = {static_cast<std::int64_t>(log_.size()), 0};
    for (const auto& [actor, at] : vector_.entries()) {
      if (actor == actor_ || sealed_deps_[actor] == at.seq) continue;
      sealed_deps_[actor] = at.seq;
      change.deps.push_back({actor, at});
    }
    crdt::Effect effect;
    // A value must be JSON, but a marker may have any body. Random bytes cannot be compressed by a
    // session, so sizes in tests are the sizes on the wire.
    effect.slot = {"object", {actor_.hex()}, crdt::SlotType::kMap};
    effect.body = base::Random::from_number(change.seq).bytes(bytes);
    change.effects.push_back(std::move(effect));
    auto sealed = crdt::seal(change);
    CHECK(sealed.ok());
    opened.sealed = *sealed;
    this->apply(opened, facts);
    facts.own.push_back(std::move(*sealed));
  }
  writes_.clear();
  if (wrote) synced_ = log_.size();
  pack();
  facts.packed = vector_.packed();
  facts.state = state();
  facts.position = position();
  facts.durable = !unsynced();
  if (log_.size() > log_max) prune(log_max);
  return facts;
}

void ReplicaDouble::put_aside(crdt::Opened opened, Stored& facts) {
  ++rejected_;
  auto& told = parks ? facts.parked : facts.forgotten;
  told.emplace_back(opened.sealed.actor, opened.sealed.seq);
  if (parks) parked_.push_back(std::move(opened));
}

void ReplicaDouble::apply_parked(Stored& facts) {
  const auto next = [&] {
    return std::find_if(parked_.begin(), parked_.end(),
                        [&](const auto& one) { return ready(one); });
  };
  for (auto found = next(); found != parked_.end(); found = next()) {
    const crdt::Opened opened = std::move(*found);
    parked_.erase(found);
    apply(opened, facts);
  }
  std::erase_if(parked_, [&](const crdt::Opened& one) {
    return vector_.covers(one.sealed.actor, one.sealed.seq);
  });
}

Stored ReplicaDouble::flush() {
  synced_ = log_.size();
  Stored facts;
  facts.state = state();
  facts.position = position();
  facts.durable = true;
  return facts;
}

// Packs the actors that were closed before the last turn. So some closed actors are packed and some
// are not.
void ReplicaDouble::pack() {
  std::vector<crdt::PackedVector::Entry> entries;
  for (const base::ActorId& actor : packed_) {
    if (!closed_.contains(actor) || vector_.seq_of(actor) == 0) continue;
    entries.push_back({entries.size() * 3 + 1, actor, vector_.head_of(actor)});
  }
  if (!entries.empty()) {
    vector_.pack(crdt::PackedVector::of(entries, vector_.packed().get()));
  }
  packed_ = closed_;
}

bool ReplicaDouble::is_durable(const crdt::Dependency& entry) const {
  for (std::size_t i = 0; i < synced_; ++i) {
    const crdt::SealedChange& change = log_[i].sealed;
    if (change.actor == entry.actor && change.seq == entry.head.seq) return true;
  }
  return false;
}

Fetched ReplicaDouble::fetch(const Fetch& fetch) const {
  Fetched out{fetch.request, Fetched::Outcome::kComplete, {}};
  for (const auto& [actor, seq] : gone_) {
    if (fetch.have.covers(actor, seq)) continue;
    out.outcome = Fetched::Outcome::kBelowFloor;
    return out;
  }
  std::size_t bytes = 0;
  for (const crdt::Opened& opened : log_) {
    const crdt::SealedChange& change = opened.sealed;
    if (fetch.have.covers(change.actor, change.seq)) continue;
    bool full = out.changes.size() >= fetch.changes_max ||
                (!out.changes.empty() && bytes + change.bytes.size() > fetch.bytes_max);
    if (full) {
      out.outcome = Fetched::Outcome::kMore;
      return out;
    }
    bytes += change.bytes.size();
    out.changes.push_back(change.bytes);
  }
  return out;
}

void ReplicaDouble::crash() {
  lost_positions_ += log_.size() - synced_;
  log_.resize(synced_);
  waiting_.clear();
  parked_.clear();
  steps_.clear();
  staged_.reset();
  leases_.clear();
  left_.clear();
  writes_.clear();
  rebuild();
}

void ReplicaDouble::prune(std::size_t keep) {
  for (std::size_t i = 0; i + keep < log_.size(); ++i) {
    gone_.insert({log_[i].sealed.actor, log_[i].sealed.seq});
  }
}

crdt::StateHash ReplicaDouble::state() const {
  crdt::StateHash state = crdt::state_hash(vector_digest_, cells_);
  if (spoiled_) state.cells ^= 1;
  return state;
}

bool ReplicaDouble::ready(const crdt::Opened& opened) const {
  crdt::Head head = vector_.head_of(opened.sealed.actor);
  if (opened.sealed.seq != head.seq + 1 || opened.change.prev != head.hash) return false;
  for (const crdt::Dependency& dependency : opened.change.deps) {
    if (!vector_.covers(dependency.actor, dependency.head.seq)) return false;
  }
  return true;
}

void ReplicaDouble::apply(const crdt::Opened& opened, Stored& facts) {
  const crdt::SealedChange& sealed = opened.sealed;
  crdt::Head before = vector_.head_of(sealed.actor);
  if (before.seq > 0) vector_digest_.subtract(crdt::vector_element(sealed.actor, before));
  crdt::Head head{sealed.seq, sealed.hash};
  vector_digest_.add(crdt::vector_element(sealed.actor, head));
  vector_.set(sealed.actor, head);
  cells_.add(crdt::Digest::of(sealed.bytes));
  log_.push_back(opened);
  facts.advanced[sealed.actor] = head;
}

void ReplicaDouble::rebuild() {
  std::vector<crdt::Opened> kept = std::move(log_);
  log_.clear();
  vector_ = {};
  vector_digest_ = {};
  cells_ = {};
  sealed_deps_.clear();
  Stored facts;
  for (const crdt::Opened& opened : kept) apply(opened, facts);
}

// --- State joins ---------------------------------------------------------------------------------

// A query has the id of the snapshot (0: a new one) and the number of changes that we have of it.
void ReplicaDouble::start_join(const StartStateJoin& join) { steps_.push_back({join, {}, {}}); }
void ReplicaDouble::take_page(StateJoinPage page) { steps_.push_back({{}, std::move(page), {}}); }
void ReplicaDouble::end_join(const StopStateJoin& ended) {
  ++joins_ended;
  steps_.push_back({{}, {}, ended});
}

void ReplicaDouble::ask_page(Stored& facts) const {
  crdt::codec::Writer query;
  query.array(2).number(staged_->snapshot).number(staged_->changes.size());
  facts.join = JoinStep{JoinStep::Kind::kAsk, staged_->peer, query.take()};
}

void ReplicaDouble::take_step(Step& step, Stored& facts) {
  if (step.ended) {
    if (staged_ && staged_->peer == step.ended->peer) staged_.reset();
    if (facts.join && facts.join->peer == step.ended->peer) facts.join.reset();
    return;
  }
  if (step.start) {
    staged_ = Staged{step.start->peer, 0, {}};
    return ask_page(facts);
  }
  if (!staged_ || staged_->peer != step.page->from) return;
  auto in = crdt::codec::Reader::parse(step.page->body, {1u << 20, 4, 100'000});
  CHECK(in.ok());
  CHECK(in->array() == 3);
  std::uint64_t snapshot = in->number();
  bool last = in->boolean();
  bool mixed = staged_->snapshot != 0 && staged_->snapshot != snapshot;
  if (mixed) staged_->changes.clear();
  staged_->snapshot = mixed ? 0 : snapshot;
  std::size_t count = in->array();
  for (std::size_t i = 0; i < count && !mixed; ++i) staged_->changes.emplace_back(in->binary());
  CHECK(in->ok());
  if (mixed || !last) return ask_page(facts);
  merge(facts);
}

// Pages are in the sender's order of application, so every change can be applied.
void ReplicaDouble::merge(Stored& facts) {
  for (const base::Bytes& bytes : staged_->changes) {
    auto opened = crdt::open_change(bytes);
    CHECK(opened.ok());
    if (vector_.covers(opened->sealed.actor, opened->sealed.seq)) continue;
    CHECK(ready(*opened));
    gone_.insert({opened->sealed.actor, opened->sealed.seq});
    apply(*opened, facts);
  }
  ++joins_merged;
  facts.join = JoinStep{JoinStep::Kind::kDone, staged_->peer, {}};
  staged_.reset();
}

SnapshotRead ReplicaDouble::read_snapshot(base::Instant now, const ReadSnapshot& asked) {
  SnapshotRead read;
  read.request = asked.request;
  auto in = crdt::codec::Reader::parse(asked.query, {100, 2, 10});
  CHECK(in.ok());
  CHECK(in->array() == 2);
  std::uint64_t snapshot = in->number();
  std::uint64_t from = in->number();
  std::erase_if(leases_, [&](const auto& entry) { return entry.second.used + kLeaseIdle <= now; });
  if (snapshot == 0) {
    std::erase_if(leases_, [&](const auto& entry) { return entry.second.peer == asked.peer; });
    if (leases_.size() >= leases_max) {
      read.outcome = SnapshotRead::Outcome::kBusy;
      return read;
    }
    snapshot = ++snapshots_ + (std::uint64_t{actor_.bytes[0]} << 32);
    Lease& lease = leases_[snapshot];
    lease.peer = asked.peer;
    // Rule 3: a snapshot has only changes that are on the medium.
    for (std::size_t i = 0; i < synced_; ++i) lease.changes.push_back(log_[i].sealed.bytes);
  }
  auto found = leases_.find(snapshot);
  if (found == leases_.end()) {
    read.outcome = SnapshotRead::Outcome::kGone;
    return read;
  }
  found->second.used = now;
  const auto& changes = found->second.changes;
  std::size_t until = from;
  std::size_t bytes = 0;
  while (until < changes.size() && until - from < page_changes) {
    bytes += changes[until].size();
    bool full = asked.bytes_max != 0 && bytes > asked.bytes_max;
    if (full && until > from) break;
    ++until;
  }
  crdt::codec::Writer page;
  page.array(3).number(snapshot).boolean(until == changes.size()).array(until - from);
  for (std::size_t i = from; i < until; ++i) page.binary(changes[i]);
  read.outcome = SnapshotRead::Outcome::kPage;
  read.body = page.take();
  return read;
}

void ReplicaDouble::leave_actor(const base::ActorId& next) {
  hear_left(actor_);
  actor_ = next;
}

void ReplicaDouble::hear_left(const base::ActorId& actor) {
  left_.push_back(actor);
  all_left_.insert(actor);
}

Holdings ReplicaDouble::holdings() const {
  Holdings held{vector_, state(), {}, {}, {}, position()};
  for (const base::ActorId& actor : all_left_) {
    (closed_.contains(actor) ? held.closed : held.left).push_back(actor);
  }
  return held;
}

}  // namespace gossip::testing
