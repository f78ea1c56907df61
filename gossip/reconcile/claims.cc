#include "gossip/reconcile/claims.h"

#include <algorithm>

#include "crdt/base/plant.h"

namespace gossip {

Claims::Claims(const Holdings& held)
    : committed_(held.claimed), claimed_(held.claimed), state_(held.state) {
  for (const auto& [actor, head] : claimed_.entries()) changes_ += head.seq;
  for (const base::ActorId& actor : held.left) left_[actor] = version_;
  for (const auto& [actor, head] : claimed_.loose()) {
    if (is_packed(actor)) opened_.insert(actor);
  }
  for (const base::ActorId& actor : held.closed) close(actor);
  for (const base::ActorId& actor : held.alone) alone_.try_emplace(actor, 0);
  kept_.push_back({version_, state_.vector, held.position});
  versions_[state_.vector] = version_;
}

void Claims::own_actor(const base::ActorId& actor) {
  own_.insert(actor);
  alone_.try_emplace(actor, 0);
}

void Claims::stored(base::Instant now, const Stored& facts) {
  for (const auto& [actor, head] : facts.advanced) {
    if (head.seq < committed_.seq_of(actor)) continue;
    committed_.set(actor, head);
    unclaimed_[actor] = head;
    stopped_.erase(actor);
    open(actor);
  }
  take_packed(facts);
  for (const base::ActorId& actor : facts.left) {
    own_.erase(actor);
    if (!is_closed(actor)) left_[actor] = version_;
  }
  stopped_.insert(facts.stopped.begin(), facts.stopped.end());
  note_confirmed(facts);
  if (!facts.durable && !PLANTED(kQueuedChangesClaimed)) return;
  if (unclaimed_.empty() && facts.state == state_) return;
  state_ = facts.state;
  moved_ = now;
  claim(facts.position);
}

// Claims everything that is committed, as a new version.
void Claims::claim(std::optional<std::uint64_t> position) {
  ++version_;
  for (const auto& [actor, head] : unclaimed_) {
    crdt::Head before = claimed_.head_of(actor);
    moves_.push_back({version_, actor, before});
    changes_ += head.seq - before.seq;
    claimed_.set(actor, head);
    auto left = left_.find(actor);
    if (left != left_.end()) left->second = version_;
  }
  unclaimed_.clear();
  kept_.push_back({version_, state_.vector, position});
  versions_[state_.vector] = version_;
  // A version can be worked out only if the journal has every later move.
  while (moves_.size() > kMovesKept || kept_.size() > kMovesKept) {
    const Kept oldest = kept_.front();
    if (oldest.version == version_) break;
    kept_.pop_front();
    if (versions_.at(oldest.vector_half) == oldest.version) versions_.erase(oldest.vector_half);
    Version next = kept_.front().version;
    while (!moves_.empty() && moves_.front().version <= next) moves_.pop_front();
  }
}

std::optional<Claims::Version> Claims::version_of(std::uint64_t vector_half) const {
  auto found = versions_.find(vector_half);
  if (found == versions_.end()) return std::nullopt;
  return found->second;
}

std::optional<std::uint64_t> Claims::position_of(Version version) const {
  const auto found =
      std::lower_bound(kept_.begin(), kept_.end(), version,
                       [](const Kept& kept, Version wanted) { return kept.version < wanted; });
  const bool known = found != kept_.end() && found->version == version;
  return known ? found->position : std::nullopt;
}

crdt::VersionVector::Entries Claims::before(Version version) const {
  crdt::VersionVector::Entries heads;
  auto later = std::upper_bound(moves_.begin(), moves_.end(), version,
                                [](Version at, const Move& move) { return at < move.version; });
  for (; later != moves_.end(); ++later) heads.emplace(later->actor, later->before);
  return heads;
}

bool Claims::is_echo(const base::ActorId& actor, const crdt::Head& head) const {
  if (!own_.contains(actor)) return false;
  crdt::Head ours = committed_.head_of(actor);
  if (head.seq > ours.seq) return true;
  return head.seq != 0 && head.seq == ours.seq && head.hash != ours.hash;
}

// A report that is not confirmed here may be lost: the queue was full, or the turn failed.
void Claims::note_confirmed(const Stored& facts) {
  reported_.clear();
  for (const base::ActorId& actor : facts.alone) alone_.try_emplace(actor, 0);
  for (const auto& [actor, seq] : facts.confirmed) {
    auto found = alone_.find(actor);
    if (found == alone_.end()) continue;
    found->second = std::max(found->second, seq);
    const bool all = found->second >= committed_.seq_of(actor);
    if (all && !own_.contains(actor)) alone_.erase(found);
  }
}

void Claims::confirm(const base::ActorId& actor, const crdt::Head& theirs, Actions& out) {
  const auto known = alone_.find(actor);
  if (known == alone_.end()) return;
  const std::uint64_t held = std::min(theirs.seq, claimed_.seq_of(actor));
  std::uint64_t& reported = reported_[actor];
  if (held <= std::max(known->second, reported)) return;
  reported = held;
  out.push_back(Confirmed{actor, held, held == theirs.seq ? theirs.hash : 0});
}

void Claims::confirm_all(Actions& out) {
  for (const auto& [actor, confirmed] : alone_) confirm(actor, claimed_.head_of(actor), out);
}

bool Claims::is_packed(const base::ActorId& actor) const {
  return claimed_.packed() && claimed_.packed()->contains(actor);
}

bool Claims::is_closed(const base::ActorId& actor) const {
  return closed_.contains(actor) || (is_packed(actor) && !opened_.contains(actor));
}

void Claims::close(const base::ActorId& actor) {
  left_.erase(actor);
  opened_.erase(actor);
  if (!is_packed(actor)) closed_.insert(actor);
}

void Claims::open(const base::ActorId& actor) {
  if (!is_closed(actor)) return;
  closed_.erase(actor);
  if (is_packed(actor)) opened_.insert(actor);
  left_[actor] = version_;
}

// The replica has packed more actors, or has taken some out. No entry of a vector changes by this.
// Example: the replica has packed (a,7), and 7 is not durable yet: the claim keeps (a,5) apart.
void Claims::take_packed(const Stored& facts) {
  if (!facts.packed || facts.packed == claimed_.packed()) return;
  committed_.pack(facts.packed);
  claimed_.pack(facts.packed);
  // A peer may have shown more of an actor after we told the replica to close it: it stays open.
  for (const auto& [actor, since] : left_) {
    if (is_packed(actor)) opened_.insert(actor);
  }
  std::erase_if(closed_, [this](const base::ActorId& actor) { return is_packed(actor); });
  std::erase_if(opened_, [this](const base::ActorId& actor) { return !is_packed(actor); });
}

}  // namespace gossip
