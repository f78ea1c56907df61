#include "gossip/reconcile/reconciler.h"

#include <algorithm>

namespace gossip {

Reconciler::Reconciler(const Options& options, const MemberTable& members, Claims& claims,
                       Intake& intake, base::Random random, Stats& stats)
    : options_(options),
      members_(members),
      claims_(claims),
      intake_(intake),
      random_(random),
      stats_(stats) {}

// --- Noticing differences ------------------------------------------------------------------------

void Reconciler::observed(base::Instant now, const NodeId& id, crdt::StateHash state,
                          Actions& out) {
  if (members_.find(id) == nullptr) return;
  Peer& peer = peers_[id];
  peer.state = state;
  peer.said = now;
  if (state == claims_.state()) {
    peer.differs.reset();
    peer.vector.reset();
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
  while (!due_.empty() && due_.begin()->first <= now) {
    NodeId id = due_.begin()->second;
    schedule(id, peers_.at(id), base::Instant::never());
    consider(now, id, ping, out);
  }
}

// Whether a difference with `id` is to be repaired now, later or not at all.
void Reconciler::consider(base::Instant now, const NodeId& id, std::vector<NodeId>& ping,
                          Actions& out) {
  Peer& peer = peers_.at(id);
  const Member* member = members_.find(id);
  if (exchanges_.contains(id) || member == nullptr || !member->is_alive()) return;
  bool first = sync_peer_ == id;
  if (!first && !peer.differs) return;
  if (!first && peer.state == claims_.state()) {
    peer.differs.reset();
    return;
  }
  base::Instant ready = peer.allowed;
  if (!first) {
    // Rule 3: what the peer claims is on its medium, ours may be on the way there; so the grace
    // counts from when our claim moved. Constant writes may stretch it, not put it off for ever.
    base::Duration grace = options_.profile.grace;
    base::Instant settled = std::min(claims_.moved(), *peer.differs + grace * kGraceStretch);
    ready = std::max({ready, *peer.differs + grace, settled + grace, quiet_until_});
  }
  if (now < ready) return schedule(id, peer, ready);
  if (!first && diverges(now, id, peer, out)) return;
  if (peer.below_floor && peer.below_floor == peer.state) return;
  if (exchanges_.size() >= options_.reconcile_peers_max) {
    return schedule(id, peer, now + jittered(options_.profile.ping_interval / 2));
  }
  if (first) return start(now, id, out);
  bool told_lately = peer.said >= *peer.differs + options_.profile.grace;
  // Our claim stood long before the peer's word and still does: it has what we lack.
  bool ours_stands = claims_.moved() + options_.profile.grace <= *peer.differs;
  if (told_lately || ours_stands) return start(now, id, out);
  // The two may have become equal since: only a fresh word shows. It comes back through observed(),
  // which gets here again.
  peer.allowed = now + options_.profile.ping_interval;
  ping.push_back(id);
}

// Equal vectors with unequal cells (rule 8): nothing to fetch, an alarm once a peer and state.
bool Reconciler::diverges(base::Instant now, const NodeId& id, Peer& peer, Actions& out) {
  if (!peer.state || peer.state->vector != claims_.state().vector) return false;
  if (now - claims_.moved() < options_.profile.grace) return true;
  std::pair pair{*peer.state, claims_.state()};
  if (peer.alarmed == pair) return true;
  peer.alarmed = pair;
  ++stats_.divergences;
  out.push_back(Alarm{Alarm::Kind::kDivergence, id, {}, 0});
  return true;
}

// --- Exchanges -----------------------------------------------------------------------------------

void Reconciler::start(base::Instant now, const NodeId& id, Actions& out) {
  ++stats_.reconciliations;
  Peer& peer = peers_[id];
  peer.allowed = now + options_.profile.ping_interval * 2;
  if (now - quiet_until_ > options_.profile.ping_interval * kQuietGapMax) quiet_gap_ = {0};
  quiet_until_ = now + quiet_gap_;
  exchanges_[id].deadline = now + options_.exchange_timeout;
  wire::Vector vector{false, claims_.state(), {}};
  for (const auto& [actor, head] : claims_.claimed().entries()) {
    vector.entries.push_back({actor, head});
  }
  send(id, std::move(vector), out);
}

void Reconciler::receive(base::Instant now, const NodeId& id, const wire::Vector& vector,
                         Actions& out) {
  for (const crdt::Dependency& entry : vector.entries) {
    if (!claims_.is_echo(entry.actor, entry.head)) continue;
    return echo(now, id, entry.actor, entry.head.seq, out);
  }
  for (const crdt::Dependency& entry : vector.entries) {
    claims_.confirm(entry.actor, entry.head.seq, out);
  }
  if (!vector.answer) {
    wire::Vector answer{true, claims_.state(), {}};
    for (const auto& [actor, head] : claims_.claimed().entries()) {
      answer.entries.push_back({actor, head});
    }
    send(id, std::move(answer), out);
  }
  if (members_.find(id) == nullptr) return;
  Peer& peer = peers_[id];
  remember(now, peer, vector);
  auto found = exchanges_.find(id);
  if (found == exchanges_.end()) {
    // The peer asked first; this comparison serves us as well.
    peer.differs.reset();
    schedule(id, peer, base::Instant::never());
    bool room = exchanges_.size() < options_.reconcile_peers_max;
    if (!room || now < peer.allowed || intake_.lacking(*peer.vector).empty()) return;
    ++stats_.reconciliations;
    peer.allowed = now + options_.profile.ping_interval * 2;
    found = exchanges_.emplace(id, Exchange{}).first;
    found->second.vectors = true;
  }
  if (!found->second.vectors) return;
  found->second.vectors = false;
  ask(now, id, found->second, out);
}

void Reconciler::remember(base::Instant now, Peer& peer, const wire::Vector& vector) {
  crdt::VersionVector entries;
  for (const crdt::Dependency& entry : vector.entries) entries.set(entry.actor, entry.head);
  peer.vector = std::move(entries);
  peer.vector_at = now;
  peer.state = vector.state;
  peer.said = now;
  Peer* oldest = nullptr;
  std::size_t known = 0;
  for (auto& [id, other] : peers_) {
    if (!other.vector) continue;
    ++known;
    bool older = oldest == nullptr || other.vector_at < oldest->vector_at;
    if (older && !exchanges_.contains(id)) oldest = &other;
  }
  if (known > kVectorsKnownMax && oldest != nullptr && oldest != &peer) oldest->vector.reset();
}

// Asks for the next page, or ends the exchange when nothing is left to ask for.
void Reconciler::ask(base::Instant now, const NodeId& id, Exchange& exchange, Actions& out) {
  Peer& peer = peers_.at(id);
  bool refused = peer.below_floor && peer.below_floor == peer.state;
  crdt::VersionVector::Entries lacking;
  if (peer.vector && !refused) lacking = intake_.lacking(*peer.vector);
  exchange.asked.clear();
  for (const auto& [other, fetching] : exchanges_) {
    if (other == id) continue;
    for (const auto& [actor, seq] : fetching.asked) lacking.erase(actor);
  }
  exchange.deadline = now + options_.exchange_timeout;
  if (lacking.empty()) {
    if (exchange.storing == 0) end(now, id, End::kDone);
    return;
  }
  wire::RangeRequest request{++requests_, {}};
  for (const auto& [actor, head] : lacking) {
    exchange.asked[actor] = claims_.committed().seq_of(actor);
    request.have.push_back({actor, intake_.received(actor)});
  }
  exchange.request = request.request;
  send(id, std::move(request), out);
}

void Reconciler::receive(base::Instant now, const NodeId& id, const wire::Range& range,
                         Actions& out) {
  auto found = exchanges_.find(id);
  if (found == exchanges_.end() || found->second.request != range.request) {
    // Too late for its exchange, but a slow link must get on as well.
    Intake::Taken late = intake_.take(id, range.changes, false, out);
    if (late.outcome == Intake::Outcome::kEcho) echo(now, id, late.actor, late.seq, out);
    return;
  }
  Exchange& exchange = found->second;
  exchange.request.reset();
  exchange.deadline = now + options_.exchange_timeout;
  if (range.outcome == wire::Range::Outcome::kBusy) return end(now, id, End::kLater);
  if (range.outcome == wire::Range::Outcome::kBelowFloor) {
    ++stats_.below_floor;
    peers_.at(id).below_floor = peers_.at(id).state;
    return end(now, id, End::kDone);
  }
  Intake::Taken taken = intake_.take(id, range.changes, true, out);
  if (taken.outcome == Intake::Outcome::kEcho) {
    return echo(now, id, taken.actor, taken.seq, out);
  }
  if (taken.outcome == Intake::Outcome::kNothingNew) {
    if (exchange.storing == 0) page_stored(now, id, out);
    return;
  }
  exchange.fetched = true;
  quiet_gap_ = {0};
  quiet_until_ = now;
  ++exchange.storing;
  // One page ahead of the replica, so that the next is on its way while this one is stored.
  bool ahead = range.outcome == wire::Range::Outcome::kMore && exchange.storing == 1;
  if (ahead) {
    std::map<base::ActorId, std::uint64_t> asked = exchange.asked;
    ask(now, id, exchange, out);
    // Progress is measured from the oldest page that is not stored.
    for (const auto& [actor, seq] : asked) exchange.asked[actor] = seq;
  }
}

void Reconciler::stored(base::Instant now, const Intake::Finished& finished, Actions& out) {
  for (const NodeId& id : finished.pages) {
    auto found = exchanges_.find(id);
    if (found == exchanges_.end() || found->second.storing == 0) continue;
    --found->second.storing;
    found->second.deadline = now + options_.exchange_timeout;
    if (found->second.storing == 0 && !found->second.request) page_stored(now, id, out);
  }
  // A gap lies before what these peers sent. The gap says when to compare, not what to fetch.
  for (const NodeId& id : finished.wanting) {
    if (members_.find(id) == nullptr || exchanges_.contains(id)) continue;
    Peer& peer = peers_[id];
    if (peer.differs) continue;
    peer.differs = now;
    schedule(id, peer, now + options_.profile.grace);
  }
}

// The replica is done with all that this exchange brought: on with it, if it moved anything.
void Reconciler::page_stored(base::Instant now, const NodeId& id, Actions& out) {
  Exchange& exchange = exchanges_.at(id);
  if (moved(exchange)) return ask(now, id, exchange, out);
  const Peer& peer = peers_.at(id);
  bool lacking = peer.vector && !intake_.lacking(*peer.vector).empty();
  if (!lacking) return end(now, id, End::kDone);
  // A page that follows what the peer holds and still moves nothing waits for entries that are
  // fetched from others; started alone, asked for everything, its first change would fit (rule 4).
  // Both come back later, at times of their own.
  if (exchanges_.size() > 1) return end(now, id, End::kLater);
  // Nobody else is asked, so what we hold for under way may be wrong: let go of it.
  for (const auto& [actor, seq] : exchange.asked) intake_.forget(actor);
  end(now, id, End::kStalled);
}

bool Reconciler::moved(const Exchange& exchange) const {
  return std::any_of(exchange.asked.begin(), exchange.asked.end(), [&](const auto& entry) {
    return claims_.committed().seq_of(entry.first) > entry.second;
  });
}

void Reconciler::end(base::Instant now, const NodeId& id, End how) {
  auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  bool fetched = found->second.fetched;
  exchanges_.erase(found);
  Peer& peer = peers_.at(id);
  base::Duration interval = options_.profile.ping_interval;
  if (how == End::kDone) {
    peer.stalls = 0;
    peer.differs.reset();
    // Under constant writes every comparison differs and most find nothing: space them out.
    base::Duration longest = interval * kQuietGapMax;
    if (!fetched) quiet_gap_ = std::min(std::max(interval / 2, quiet_gap_ * 2), longest);
    quiet_until_ = now + quiet_gap_;
    if (sync_peer_ == id) sync_peer_.reset();
    return;
  }
  if (how == End::kStalled) {
    ++peer.stalls;
    int gap = std::min(1 << std::min(peer.stalls, 10), kStallGapMax);
    peer.allowed = now + jittered(interval * gap);
  } else {
    peer.allowed = now + jittered(interval);
  }
  if (!peer.differs) peer.differs = now;
  schedule(id, peer, peer.allowed);
}

void Reconciler::echo(base::Instant now, const NodeId& peer, const base::ActorId& actor,
                      std::uint64_t seq, Actions& out) {
  ++stats_.echoes;
  out.push_back(Alarm{Alarm::Kind::kEcho, peer, actor, seq});
  end(now, peer, End::kStalled);
}

// --- Peers ---------------------------------------------------------------------------------------

void Reconciler::closed(base::Instant now, const NodeId& peer) { end(now, peer, End::kLater); }

void Reconciler::gone(const NodeId& id) {
  exchanges_.erase(id);
  auto peer = peers_.find(id);
  if (peer != peers_.end()) {
    schedule(id, peer->second, base::Instant::never());
    peers_.erase(peer);
  }
  if (sync_peer_ != id) return;
  sync_peer_.reset();
  synchronised_ = false;  // the next seed that answers takes its place
}

void Reconciler::stop(base::Instant now) {
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

std::optional<std::uint64_t> Reconciler::lag(const NodeId& id) const {
  auto peer = peers_.find(id);
  if (peer == peers_.end() || !peer->second.state) return std::nullopt;
  if (peer->second.state == claims_.state()) return 0;
  if (!peer->second.vector) return std::nullopt;
  return peer->second.vector->lag_behind(claims_.claimed());
}

// --- Helpers -------------------------------------------------------------------------------------

void Reconciler::schedule(const NodeId& id, Peer& peer, base::Instant at) {
  if (peer.due != base::Instant::never()) due_.erase({peer.due, id});
  peer.due = at;
  if (at != base::Instant::never()) due_.insert({at, id});
}

base::Instant Reconciler::next_deadline() const {
  base::Instant next = base::Instant::never();
  if (!due_.empty()) next = due_.begin()->first;
  for (const auto& [id, exchange] : exchanges_) next = std::min(next, exchange.deadline);
  return next;
}

void Reconciler::send(const NodeId& to, wire::Message message, Actions& out) const {
  const Member* member = members_.find(to);
  Address address = member != nullptr ? member->record.address : Address{};
  out.push_back(SendFrame{to, address, wire::encode(message)});
}

base::Duration Reconciler::jittered(base::Duration base) {
  auto extra = random_.below(static_cast<std::uint64_t>(base.nanos + 1));
  return base + base::nanos(static_cast<std::int64_t>(extra));
}

}  // namespace gossip
