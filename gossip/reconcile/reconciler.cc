#include "gossip/reconcile/reconciler.h"

#include <algorithm>

#include "crdt/base/plant.h"

namespace gossip {

Reconciler::Reconciler(const Options& options, const MemberTable& members, Claims& claims,
                       Intake& intake, base::Random random, Stats& stats)
    : options_(options),
      members_(members),
      claims_(claims),
      intake_(intake),
      random_(random),
      stats_(stats),
      vectors_(claims, stats),
      closing_(members, claims, stats),
      joiner_(options, members, random_.fork(), stats) {}

// --- Noticing differences ------------------------------------------------------------------------

void Reconciler::observed(base::Instant now, const NodeId& id, crdt::StateHash state,
                          Actions& out) {
  if (members_.find(id) == nullptr) return;
  Peer& peer = peers_[id];
  peer.state = state;
  peer.said = now;
  // If we once had this vector half ourselves, the peer holds nothing in it that we lack.
  if (auto version = claims_.version_of(state.vector)) {
    peer.base = state.vector;
    closing_.equalled(id, *version, out);
  }
  if (state == claims_.state()) {
    equal_ = {id, state};
    peer.differs.reset();
    peer.vector.reset();
    peer.below.reset();
    peer.stalls = 0;
    schedule(id, peer, base::Instant::never());
    claims_.confirm_all(out);
    if (sync_peer_ == id && !exchanges_.contains(id)) sync_peer_.reset();
    return;
  }
  if (!peer.differs) peer.differs = now;
  schedule(id, peer, now);
}

void Reconciler::advance(base::Instant now, std::vector<NodeId>& ping, Actions& out) {
  std::vector<NodeId> late;
  for (const auto& [id, exchange] : exchanges_) {
    if (exchange.deadline <= now) late.push_back(id);
  }
  for (const NodeId& id : late) end(now, id, End::kLater);
  join_ended(now, joiner_.advance(now, out));
  while (!due_.empty() && due_.begin()->first <= now) {
    NodeId id = due_.begin()->second;
    schedule(id, peers_.at(id), base::Instant::never());
    consider(now, id, ping, out);
  }
}

// Decides whether a difference with `id` is repaired now, later or not at all.
void Reconciler::consider(base::Instant now, const NodeId& id, std::vector<NodeId>& ping,
                          Actions& out) {
  Peer& peer = peers_.at(id);
  const Member* member = members_.find(id);
  if (exchanges_.contains(id) || member == nullptr || !member->is_alive()) return;
  if (joiner_.peer() == id) return;  // join_ended() schedules this peer again
  bool first = sync_peer_ == id;
  if (!first && !peer.differs) return;
  if (!first && peer.state == claims_.state()) {
    peer.differs.reset();
    return;
  }
  if (is_below(peer)) return consider_join(now, id, out);
  base::Instant ready = peer.allowed;
  if (!first) {
    // Rule 3: what the peer claims is on its medium. Our own changes may still be on the way to our
    // medium. So the grace counts from the time when our claim last moved. Constant writes may
    // stretch the grace up to kGraceStretch times, but not for ever.
    base::Duration grace = options_.profile.grace;
    base::Instant settled = std::min(claims_.moved(), *peer.differs + grace * kGraceStretch);
    ready = std::max({ready, *peer.differs + grace, settled + grace, quiet_until_});
    bool fruitless = peer.fruitless && peer.fruitless->first == claims_.state() &&
                     peer.fruitless->second == peer.state && peer.fruitless_forgets == forgets_;
    if (fruitless) ready = std::max(ready, peer.fruitless_until);
  }
  if (now < ready) return schedule(id, peer, ready);
  if (!first && diverges(now, id, peer, out)) return;
  if (exchanges_.size() >= options_.reconcile_peers_max) {
    return schedule(id, peer, now + jittered(options_.profile.ping_interval / 2));
  }
  if (first) return start(now, id, out);
  bool told_lately = peer.said >= *peer.differs + options_.profile.grace;
  // Our claim did not move for one grace before the difference began, and has not moved since. So
  // the peer has something that we lack.
  bool ours_stands = claims_.moved() + options_.profile.grace <= *peer.differs;
  if (told_lately || ours_stands) return start(now, id, out);
  // The two states may have become equal since the last message. Only a fresh state hash can tell.
  // We ping the peer; its answer reaches observed(), which schedules this check again.
  peer.allowed = now + options_.profile.ping_interval;
  ping.push_back(id);
}

// Equal vectors with unequal digests (rule 8): nothing can be fetched. Raises the alarm once for
// each peer and pair of states, and once more when the state join that the alarm leads to has
// failed. While a join runs it does nothing, because the replica runs one join at a time and a
// second one would end the first. join_ended() schedules the peer again.
bool Reconciler::diverges(base::Instant now, const NodeId& id, Peer& peer, Actions& out) {
  if (!peer.state || peer.state->vector != claims_.state().vector) return false;
  if (PLANTED(kDivergenceIgnored) || now - claims_.moved() < options_.profile.grace) return true;
  Pair pair{claims_.state(), *peer.state};
  if (peer.alarmed == pair || joiner_.peer()) return true;
  peer.alarmed = pair;
  ++stats_.divergences;
  out.push_back(Alarm{Alarm::Kind::kDivergence, id, {}, {}});
  return true;
}

// --- State joins ---------------------------------------------------------------------------------

bool Reconciler::is_below(const Peer& peer) const {
  return peer.below && peer.below_at && peer.below_at->first == claims_.state() &&
         peer.below_at->second == peer.state;
}

// The log of `id` does not reach back to us for at least one entry.
void Reconciler::below_floor(base::Instant now, const NodeId& id, Actions& out) {
  end(now, id, End::kLater);
  Peer& peer = peers_.at(id);
  if (!peer.below) peer.below = now;
  peer.below_at = Pair{claims_.state(), *peer.state};
  consider_join(now, id, out);
}

// Starts a state join with `id`, unless the logs of other peers may still bring the changes. A log
// is cheaper, and after it the log of `id` may suffice for the rest. An empty replica does not
// wait.
void Reconciler::consider_join(base::Instant now, const NodeId& id, Actions& out) {
  Peer& peer = peers_.at(id);
  if (joiner_.peer()) return;  // join_ended() schedules this peer again
  base::Duration patience = options_.profile.ping_interval * kLogsFirst;
  if (claims_.committed().empty()) patience = {0};
  base::Instant ready = std::max(*peer.below + patience, peer.join_allowed);
  if (now < ready) return schedule(id, peer, ready);
  bool others_fetch = !exchanges_.empty() && now < *peer.below + options_.exchange_timeout;
  if (others_fetch) {
    return schedule(id, peer, now + jittered(options_.profile.ping_interval));
  }
  joiner_.start(now, id, out);
}

void Reconciler::receive(base::Instant now, const NodeId& id, const wire::SnapshotPage& page,
                         Actions& out) {
  join_ended(now, joiner_.receive(now, id, page, out));
}

void Reconciler::join_ended(base::Instant now, const std::optional<Joiner::Ended>& ended) {
  if (!ended) return;
  auto found = peers_.find(ended->peer);
  if (found != peers_.end()) {
    Peer& peer = found->second;
    peer.below.reset();
    peer.join_failures = ended->merged ? 0 : peer.join_failures + 1;
    if (!ended->merged) {
      peer.join_allowed = now + jittered(gap_after(peer.join_failures));
      peer.alarmed.reset();
    }
    peer.allowed = std::max(now, peer.join_allowed);
    if (!peer.differs) peer.differs = now;
  }
  if (sync_peer_ == ended->peer && !ended->merged) sync_peer_.reset();
  for (auto& [id, peer] : peers_) {
    if (peer.differs && !exchanges_.contains(id)) schedule(id, peer, now);
  }
}

// --- Peers ---------------------------------------------------------------------------------------

void Reconciler::closed(base::Instant now, const NodeId& peer) {
  end(now, peer, End::kLater);
  vectors_.closed(peer);
  joiner_.closed(now, peer);
}

void Reconciler::gone(base::Instant now, const NodeId& id, Actions& out) {
  exchanges_.erase(id);
  vectors_.closed(id);
  if (joiner_.peer() == id) join_ended(now, joiner_.stop(now, out));
  closing_.gone(out);
  if (equal_ && equal_->first == id) equal_.reset();
  auto peer = peers_.find(id);
  if (peer != peers_.end()) {
    schedule(id, peer->second, base::Instant::never());
    peers_.erase(peer);
  }
  if (sync_peer_ != id) return;
  sync_peer_.reset();
  synchronised_ = false;  // then the first exchange is with the next seed that answers
}

void Reconciler::stop(base::Instant now, Actions& out) {
  join_ended(now, joiner_.stop(now, out));
  while (!exchanges_.empty()) {
    NodeId id = exchanges_.begin()->first;
    end(now, id, End::kLater);
  }
}

void Reconciler::synchronise(base::Instant now, const NodeId& peer, Actions& out) {
  if (synchronised_ || members_.find(peer) == nullptr) return;
  synchronised_ = true;
  sync_peer_ = peer;
  if (!exchanges_.contains(peer)) start(now, peer, out);
}

std::optional<NodeId> Reconciler::equal_peer() const {
  if (!equal_ || equal_->second != claims_.state()) return std::nullopt;
  return equal_->first;
}

std::optional<std::uint64_t> Reconciler::lag(const NodeId& id) const {
  auto peer = peers_.find(id);
  if (peer == peers_.end() || !peer->second.state) return std::nullopt;
  if (peer->second.state == claims_.state()) return 0;
  if (!peer->second.vector) return std::nullopt;
  return peer->second.vector->lag(claims_);
}

std::optional<std::uint64_t> Reconciler::behind(const NodeId& id) const {
  auto peer = peers_.find(id);
  if (peer == peers_.end() || !peer->second.state) return std::nullopt;
  if (peer->second.state == claims_.state()) return 0;
  if (!peer->second.vector) return std::nullopt;
  return peer->second.vector->ahead(claims_);
}

bool Reconciler::in_step(const NodeId& id) const {
  auto peer = peers_.find(id);
  return peer != peers_.end() && peer->second.state == claims_.state();
}

// --- Helpers -------------------------------------------------------------------------------------

void Reconciler::schedule(const NodeId& id, Peer& peer, base::Instant at) {
  if (peer.due != base::Instant::never()) due_.erase({peer.due, id});
  peer.due = at;
  if (at != base::Instant::never()) due_.insert({at, id});
}

base::Instant Reconciler::next_deadline() const {
  base::Instant next = joiner_.next_deadline();
  if (!due_.empty()) next = std::min(next, due_.begin()->first);
  for (const auto& [id, exchange] : exchanges_) next = std::min(next, exchange.deadline);
  return next;
}

void Reconciler::send(const NodeId& to, wire::Message message, Actions& out) const {
  out.push_back(SendFrame{to, members_.address_of(to), wire::encode(message)});
}

void Reconciler::send(const NodeId& to, const Vectors::Messages& messages, Actions& out) const {
  for (const wire::Vector& message : messages) send(to, message, out);
}

base::Duration Reconciler::gap_after(int times) const {
  int gap = std::min(1 << std::min(times, 10), kStallGapMax);
  return options_.profile.ping_interval * gap;
}

base::Duration Reconciler::jittered(base::Duration base) {
  auto extra = random_.below(static_cast<std::uint64_t>(base.nanos + 1));
  return base + base::nanos(static_cast<std::int64_t>(extra));
}

}  // namespace gossip
