#include "tests/gossip/replica_double.h"

#include "crdt/base/check.h"

namespace gossip::testing {

void ReplicaDouble::write(std::size_t value_bytes) { writes_.push_back(value_bytes); }

Stored ReplicaDouble::turn() {
  Stored facts;
  for (Apply& apply : waiting_) {
    for (crdt::Opened& opened : apply.changes) {
      facts.bytes_done += opened.sealed.bytes.size();
      if (vector_.covers(opened.sealed.actor, opened.sealed.seq)) continue;
      if (!ready(opened)) {
        ++rejected_;
        facts.forgotten.emplace_back(opened.sealed.actor, opened.sealed.seq);
        continue;
      }
      this->apply(opened, facts);
    }
  }
  waiting_.clear();
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
    effect.slot = {"object", {actor_.hex()}, crdt::SlotType::kLwwRegister};
    effect.body = "\"" + std::string(bytes, 'x') + "\"";
    change.effects.push_back(std::move(effect));
    auto sealed = crdt::seal(change);
    CHECK(sealed.ok());
    opened.sealed = *sealed;
    this->apply(opened, facts);
    facts.own.push_back(std::move(*sealed));
  }
  writes_.clear();
  if (wrote) synced_ = log_.size();
  facts.state = state();
  facts.durable = !unsynced();
  return facts;
}

Stored ReplicaDouble::flush() {
  synced_ = log_.size();
  Stored facts;
  facts.state = state();
  facts.durable = true;
  return facts;
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
  for (std::size_t i = 0; i < pruned_; ++i) {
    const crdt::SealedChange& gone = log_[i].sealed;
    if (fetch.have.covers(gone.actor, gone.seq)) continue;
    out.outcome = Fetched::Outcome::kBelowFloor;
    return out;
  }
  std::size_t bytes = 0;
  for (std::size_t i = pruned_; i < log_.size(); ++i) {
    const crdt::SealedChange& change = log_[i].sealed;
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
  log_.resize(synced_);
  pruned_ = std::min(pruned_, log_.size());
  waiting_.clear();
  writes_.clear();
  rebuild();
}

void ReplicaDouble::prune(std::size_t keep) {
  pruned_ = log_.size() > keep ? log_.size() - keep : 0;
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

}  // namespace gossip::testing
