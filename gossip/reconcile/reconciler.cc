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
      stats_(stats),
      vectors_(claims, stats),
      closing_(members, claims, stats),
      joiner_(options, members, random.fork(), stats),
      backoff_(options.profile, random),
      quiet_(options.profile) {}

// --- Noticing differences ------------------------------------------------------------------------

void Reconciler::observed(base::Instant now, const NodeId& id, crdt::StateHash state,
                          std::optional<std::uint64_t> position, Actions& out) {
  if (members_.find(id) == nullptr) return;
  Peer& peer = peer_of(id);
  peer.claim.said(now, state);
  // If we once had this vector half ourselves, the peer holds nothing in it that we lack.
  if (auto version = claims_.version_of(state.vector)) {
    peer.claim.had_in_common(state.vector);
    closing_.equalled(id, *version, out);
    const auto ours = claims_.position_of(*version);
    if (position && ours) positions_.same(id, *position, *ours);
  }
  if (state == claims_.state()) return equalled(id, peer, out);
  peer.state.differs(now);
  agenda_.set(id, now);
}

void Reconciler::equalled(const NodeId& id, Peer& peer, Actions& out) {
  equal_ = {id, claims_.state()};
  peer.state.equals();
  peer.lost = false;
  peer.claim.forget_vector();
  peer.joins.reached_back();
  peer.pacing.progressed();
  agenda_.drop(id);
  claims_.confirm_all(out);
  if (sync_peer_ == id && !exchanging_.contains(id)) sync_peer_.reset();
}

void Reconciler::advance(base::Instant now, std::vector<NodeId>& ping, Actions& out) {
  std::vector<NodeId> late;
  for (const NodeId& id : exchanging_) {
    if (exchange_with(id)->deadline() <= now) late.push_back(id);
  }
  for (const NodeId& id : late) end(now, id, End::kLater);
  follow_joiner(now, joiner_.advance(now, out));
  while (auto id = agenda_.take_due(now)) consider(now, *id, ping, out);
}

// Decides whether a difference with `id` is repaired now, later or not at all. The first exchange
// with a seed does not wait for a difference.
void Reconciler::consider(base::Instant now, const NodeId& id, std::vector<NodeId>& ping,
                          Actions& out) {
  Peer& peer = peers_.at(id);
  const bool first = sync_peer_ == id;
  if (!is_free(id, peer) || (!first && !still_differs(peer))) return;
  if (peer.state.is_below(peer.claim.states(claims_))) return consider_join(now, id, peer, out);
  const base::Instant at = ready(id, peer);
  if (now < at) return agenda_.set(id, at);
  if (!first && diverges(now, id, peer, out)) return;
  if (exchanging_.size() >= options_.reconcile_peers_max) {
    return agenda_.set(id, now + backoff_.about(options_.profile.ping_interval / 2));
  }
  if (first || peer.lost || is_certain(peer)) return start(now, id, out);
  // The two states may have become equal since the last message. Only a fresh state hash can tell.
  // We ping the peer; its answer reaches observed(), which sets this check on the agenda again.
  peer.pacing.wait_until(now + options_.profile.ping_interval);
  ping.push_back(id);
}

// True if the peer lives and neither an exchange nor a join with it runs. When one of them ends, it
// sets the peer on the agenda.
bool Reconciler::is_free(const NodeId& id, const Peer& peer) const {
  const Member* member = members_.find(id);
  bool alive = member != nullptr && member->is_alive();
  return alive && peer.state.exchange() == nullptr && !peer.state.is_joining();
}

bool Reconciler::still_differs(Peer& peer) const {
  if (peer.claim.equals(claims_)) peer.state.settle();
  return peer.state.differs_since().has_value();
}

Difference Reconciler::difference(const Peer& peer) const {
  return {*peer.state.differs_since(), peer.claim.states(claims_), claims_.moved(), drops_};
}

// When an exchange about a difference may start.
base::Instant Reconciler::ready(const NodeId& id, const Peer& peer) const {
  if (sync_peer_ == id) return peer.pacing.allowed();
  const base::Instant ready = peer.pacing.ready(difference(peer), quiet_);
  return peer.lost ? std::min(ready, peer.lost_allowed) : ready;
}

// True if every change comes from its author alone. Then a gap in what came is a lost datagram, and
// no relay will fill it.
bool Reconciler::no_other_path() const {
  return options_.topology == Topology::kDirect || members_.living().size() == 1;
}

// True if the difference is surely not just a push on its way. Either the peer has told us its
// state again, at least one grace after the difference began. Or our claim had not moved for one
// grace when the difference began, and has not moved since; then the peer has something that we
// lack.
bool Reconciler::is_certain(const Peer& peer) const {
  base::Duration grace = options_.profile.grace;
  base::Instant since = *peer.state.differs_since();
  return peer.claim.said_at() >= since + grace || claims_.moved() + grace <= since;
}

// Equal vectors with unequal digests (rule 8): nothing can be fetched. Raises the alarm once for
// each peer and pair of states, and once more when the state join that the alarm leads to has
// failed. While a join runs it does nothing, because the replica runs one join at a time and a
// second one would end the first. join_ended() sets the peer on the agenda again.
bool Reconciler::diverges(base::Instant now, const NodeId& id, Peer& peer, Actions& out) {
  auto states = peer.claim.states(claims_);
  if (!states || states->theirs.vector != states->ours.vector) return false;
  if (PLANTED(kDivergenceIgnored) || now - claims_.moved() < options_.profile.grace) return true;
  if (joiner_.peer() || !peer.joins.alarm(*states)) return true;
  ++stats_.divergences;
  out.push_back(Alarm{Alarm::Kind::kDivergence, id, {}, {}});
  return true;
}

// --- State joins ---------------------------------------------------------------------------------

// The log of `id` does not reach back to us for at least one entry. Ends the exchange with it.
void Reconciler::below_floor(base::Instant now, const NodeId& id, Actions& out) {
  end(now, id, End::kLater);
  Peer& peer = peers_.at(id);
  peer.joins.below_floor(now);
  peer.state.fell_below(*peer.claim.states(claims_));
  consider_join(now, id, peer, out);
}

// Starts a state join with `id`, unless the logs of other peers may still bring the changes. An
// empty replica does not wait for them.
void Reconciler::consider_join(base::Instant now, const NodeId& id, Peer& peer, Actions& out) {
  if (joiner_.peer()) return;  // join_ended() sets this peer on the agenda again
  base::Instant ready = peer.joins.ready(claims_.committed().empty());
  if (now < ready) return agenda_.set(id, ready);
  if (!exchanging_.empty() && peer.joins.may_wait_for_others(now)) {
    return agenda_.set(id, now + backoff_.about(options_.profile.ping_interval));
  }
  joiner_.start(now, id, out);
  peer.state.begin_join();
}

void Reconciler::receive(base::Instant now, const NodeId& id, const wire::SnapshotAnswer& page,
                         Actions& out) {
  follow_joiner(now, joiner_.receive(now, id, page, out));
}

// Call this after every step of the joiner. It brings the states of the peers up to date. The
// replica may have begun a join by itself (rule 8), with a peer with which an exchange runs. Then
// the exchange ends, because the join brings everything that the exchange could bring.
void Reconciler::follow_joiner(base::Instant now, const std::optional<Joiner::Ended>& ended) {
  if (ended) join_ended(now, *ended);
  auto joining = joiner_.peer();
  if (!joining || members_.find(*joining) == nullptr) return;
  Peer& peer = peer_of(*joining);
  if (peer.state.is_joining()) return;
  exchanging_.erase(*joining);
  peer.state.begin_join();
}

void Reconciler::join_ended(base::Instant now, const Joiner::Ended& ended) {
  auto found = peers_.find(ended.peer);
  if (found != peers_.end()) {
    Peer& peer = found->second;
    peer.joins.ended(now, ended.merged, backoff_);
    peer.pacing.wait_until(std::max(now, peer.joins.allowed()));
    peer.state.join_ended(now);
  }
  if (sync_peer_ == ended.peer && !ended.merged) sync_peer_.reset();
  for (const auto& [id, peer] : peers_) {
    if (peer.state.differs_since() && peer.state.exchange() == nullptr) agenda_.set(id, now);
  }
}

// --- Peers ---------------------------------------------------------------------------------------

void Reconciler::closed(base::Instant now, const NodeId& peer) {
  end(now, peer, End::kLater);
  vectors_.closed(peer);
  joiner_.closed(now, peer);
}

void Reconciler::gone(base::Instant now, const NodeId& id, Actions& out) {
  vectors_.closed(id);
  if (joiner_.peer() == id) follow_joiner(now, joiner_.stop(now, out));
  closing_.gone(out);
  if (equal_ && equal_->first == id) equal_.reset();
  exchanging_.erase(id);
  agenda_.drop(id);
  peers_.erase(id);
  if (sync_peer_ != id) return;
  sync_peer_.reset();
  synchronised_ = false;  // then the first exchange is with the next seed that answers
}

void Reconciler::stop(base::Instant now, Actions& out) {
  follow_joiner(now, joiner_.stop(now, out));
  while (!exchanging_.empty()) {
    NodeId id = *exchanging_.begin();
    end(now, id, End::kLater);
  }
}

void Reconciler::synchronise(base::Instant now, const NodeId& id, Actions& out) {
  if (synchronised_ || members_.find(id) == nullptr) return;
  synchronised_ = true;
  sync_peer_ = id;
  const Peer& peer = peer_of(id);
  if (peer.state.exchange() == nullptr && !peer.state.is_joining()) start(now, id, out);
}

std::optional<NodeId> Reconciler::equal_peer() const {
  if (!equal_ || equal_->second != claims_.state()) return std::nullopt;
  return equal_->first;
}

std::optional<std::uint64_t> Reconciler::lag(const NodeId& id) const {
  auto peer = peers_.find(id);
  return peer == peers_.end() ? std::nullopt : peer->second.claim.lag(claims_);
}

std::optional<std::uint64_t> Reconciler::behind(const NodeId& id) const {
  auto peer = peers_.find(id);
  return peer == peers_.end() ? std::nullopt : peer->second.claim.behind(claims_);
}

bool Reconciler::in_step(const NodeId& id) const {
  auto peer = peers_.find(id);
  return peer != peers_.end() && peer->second.claim.equals(claims_);
}

// --- Helpers -------------------------------------------------------------------------------------

base::Instant Reconciler::next_deadline() const {
  base::Instant next = std::min(joiner_.next_deadline(), agenda_.next());
  for (const NodeId& id : exchanging_) {
    next = std::min(next, peers_.at(id).state.exchange()->deadline());
  }
  return next;
}

void Reconciler::send(const NodeId& to, wire::Message message, Actions& out) const {
  out.push_back(SendFrame{to, members_.address_of(to), wire::encode(message)});
}

void Reconciler::send(const NodeId& to, const Vectors::Messages& messages, Actions& out) const {
  for (const wire::Vector& message : messages) send(to, message, out);
}

}  // namespace gossip
