// The exchanges of Reconciler: vectors, then pages of the log.

#include <algorithm>

#include "gossip/reconcile/reconciler.h"

namespace gossip {

Reconciler::Exchange& Reconciler::begin(base::Instant now, const NodeId& id) {
  ++stats_.reconciliations;
  Peer& peer = peers_[id];
  peer.allowed = now + options_.profile.ping_interval * 2;
  Exchange& exchange = exchanges_[id];
  exchange.cautious = peer.stalls > 0;
  return exchange;
}

void Reconciler::start(base::Instant now, const NodeId& id, Actions& out) {
  Exchange& exchange = begin(now, id);
  const Peer& peer = peers_.at(id);
  if (now - quiet_until_ > options_.profile.ping_interval * kQuietGapMax) quiet_gap_ = {0};
  quiet_until_ = now + quiet_gap_;
  exchange.deadline = now + options_.exchange_timeout;
  auto guess = peer.base ? std::nullopt : vectors_.guess();
  if (!guess) return send(id, vectors_.tell(false, peer.base), out);
  exchange.guess = guess->base;
  send(id, std::move(*guess), out);
}

void Reconciler::receive(base::Instant now, const NodeId& id, const wire::Vector& vector,
                         Actions& out) {
  if (vector.whole) return send(id, vectors_.tell_whole(), out);
  for (const crdt::Dependency& entry : vector.entries) {
    if (!claims_.is_echo(entry.actor, entry.head)) continue;
    vectors_.closed(id);
    return echo(now, id, entry, out);
  }
  for (const crdt::Dependency& entry : vector.entries) {
    claims_.confirm(entry.actor, entry.head.seq, out);
    if (entry.head.seq > claims_.claimed().seq_of(entry.actor)) claims_.open(entry.actor);
  }
  Vectors::Taken taken = vectors_.take(id, vector);
  if (!taken.complete) return;
  if (!vector.answer) {
    bool worked_out = taken.differs.has_value();
    auto peer = peers_.find(id);
    // A peer that guesses knows no state that we both had. It may have restarted and lost it.
    bool common = peer != peers_.end() && !Vectors::is_guess(vector);
    auto base = common ? peer->second.base : std::nullopt;
    send(id,
         worked_out ? vectors_.tell_above(vector.state, *taken.differs) : vectors_.tell(true, base),
         out);
  }
  auto exchange = exchanges_.find(id);
  if (vector.answer && exchange != exchanges_.end() && exchange->second.guess != 0) {
    // Our guess was wrong: the peer never had that state. It learns what we hold from a second
    // message, now that we know its vector.
    bool right = vector.base == exchange->second.guess;
    exchange->second.guess = 0;
    if (!right && taken.differs) send(id, vectors_.tell_above(vector.state, *taken.differs), out);
  }
  if (members_.find(id) != nullptr) work_out(now, id, vector, taken, out);
}

void Reconciler::work_out(base::Instant now, const NodeId& id, const wire::Vector& vector,
                          const Vectors::Taken& taken, Actions& out) {
  Peer& peer = peers_[id];
  peer.state = vector.state;
  peer.said = now;
  if (!taken.differs) {
    if (Vectors::is_guess(vector)) return;  // it sends the rest when it has our answer
    return ask_whole(now, id, vector, out);
  }
  peer.asked_whole.reset();
  for (const auto& [actor, confirmed] : claims_.alone()) {
    auto theirs = taken.differs->find(actor);
    bool equal = theirs == taken.differs->end();
    claims_.confirm(actor, equal ? claims_.claimed().seq_of(actor) : theirs->second.seq, out);
  }
  remember(now, peer, *taken.differs);
  compared(now, id, out);
}

// The message lists entries above a state that we cannot work out, or it leaves out actors that we
// do not know as closed. We ask once for the whole vector. If the complete list does not fit its
// own sum either, the exchange ends.
void Reconciler::ask_whole(base::Instant now, const NodeId& id, const wire::Vector& vector,
                           Actions& out) {
  Peer& peer = peers_.at(id);
  if (peer.asked_whole && now < *peer.asked_whole + options_.profile.ping_interval) {
    if (!vector.answer || vector.base != 0) return;  // it was sent before our question arrived
    ++stats_.vectors_refused;
    return end(now, id, End::kStalled);
  }
  peer.asked_whole = now;
  send(id, vectors_.ask_whole(), out);
}

void Reconciler::remember(base::Instant now, Peer& peer, const Vectors::Entries& differs) {
  peer.vector.emplace(claims_, differs);
  peer.vector_at = now;
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

// The vector of `id` has come, as the answer to our question or because the peer asked first. We
// use it in both cases.
void Reconciler::compared(base::Instant now, const NodeId& id, Actions& out) {
  Peer& peer = peers_.at(id);
  auto found = exchanges_.find(id);
  if (found == exchanges_.end()) {
    peer.differs.reset();
    schedule(id, peer, base::Instant::never());
    if (!lacks(peer)) return;
    bool room = exchanges_.size() < options_.reconcile_peers_max;
    if (!room || now < peer.allowed || is_below(peer) || joiner_.peer() == id) return;
    begin(now, id);
    found = exchanges_.find(id);
  }
  if (!found->second.vectors) return;
  found->second.vectors = false;
  ask(now, id, found->second, out);
}

// Asks for the next page, or ends the exchange when nothing is left to ask for.
void Reconciler::ask(base::Instant now, const NodeId& id, Exchange& exchange, Actions& out) {
  Peer& peer = peers_.at(id);
  crdt::VersionVector::Entries lacking;
  if (peer.vector) lacking = intake_.lacking(peer.vector->ahead());
  exchange.asked.clear();
  exchange.refused = false;
  bool nothing = lacking.empty();
  for (const auto& [other, fetching] : exchanges_) {
    if (other == id) continue;
    for (const auto& [actor, seq] : fetching.asked) lacking.erase(actor);
  }
  exchange.deadline = now + options_.exchange_timeout;
  if (lacking.empty()) {
    if (exchange.storing > 0) return;
    if (nothing && !exchange.fetched) found_nothing(now, peer);
    return end(now, id, End::kDone);
  }
  // One request cannot name so many actors, and so much is not fetched change by change: a state
  // join is cheaper.
  if (lacking.size() > wire::kEntriesPerMessage && exchange.storing == 0) {
    return below_floor(now, id, out);
  }
  // An exchange that stalled may stall for ever (example: two contents of (a,6)). So the next try
  // asks for the smallest page.
  std::size_t most = exchange.cautious ? kPageBytesMin : options_.range_bytes_max;
  wire::RangeRequest request{++requests_, {}, peer.page.of(most)};
  for (const auto& [actor, head] : lacking) {
    if (request.have.size() == wire::kEntriesPerMessage) break;
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
    // The page came too late for its exchange. We take its changes all the same: on a slow link
    // every page may be late.
    Intake::Taken late = intake_.take(id, range.changes, false, out);
    if (late.outcome == Intake::Outcome::kEcho) echo(now, id, late.echo, out);
    return;
  }
  Exchange& exchange = found->second;
  exchange.request.reset();
  exchange.deadline = now + options_.exchange_timeout;
  if (range.outcome == wire::Range::Outcome::kBusy) return end(now, id, End::kLater);
  if (range.outcome == wire::Range::Outcome::kBelowFloor) {
    ++stats_.below_floor;
    return below_floor(now, id, out);
  }
  Intake::Taken taken = intake_.take(id, range.changes, true, out);
  if (taken.outcome == Intake::Outcome::kEcho) {
    return echo(now, id, taken.echo, out);
  }
  if (taken.outcome == Intake::Outcome::kNothingNew) {
    if (exchange.storing == 0) page_stored(now, id, out);
    return;
  }
  exchange.fetched = true;
  Peer& peer = peers_.at(id);
  peer.below.reset();
  if (range.outcome == wire::Range::Outcome::kMore) peer.page.came();  // the page was full
  quiet_gap_ = {0};
  quiet_until_ = now;
  ++exchange.storing;
  // Asks for the next page while the replica stores this one. It does not when the replica had no
  // room for the last page: the same page would come again and again.
  bool more = range.outcome == wire::Range::Outcome::kMore;
  bool ahead = more && exchange.storing == 1 && !exchange.refused && !exchange.cautious;
  if (ahead) {
    std::map<base::ActorId, std::uint64_t> asked = exchange.asked;
    ask(now, id, exchange, out);
    // moved() must compare with the numbers from before the oldest page that is not stored.
    for (const auto& [actor, seq] : asked) exchange.asked[actor] = seq;
  }
}

void Reconciler::stored(base::Instant now, const Stored& facts, const Intake::Finished& finished,
                        Actions& out) {
  if (facts.join) join_ended(now, joiner_.stored(now, *facts.join, out));
  if (!facts.left.empty()) closing_.left(out);
  if (!facts.forgotten.empty()) ++forgets_;
  for (const NodeId& id : finished.pages) {
    auto found = exchanges_.find(id);
    if (found == exchanges_.end() || found->second.storing == 0) continue;
    Exchange& exchange = found->second;
    --exchange.storing;
    exchange.deadline = now + options_.exchange_timeout;
    if (exchange.storing == 0 && !exchange.request) {
      page_stored(now, id, out);
    } else if (moved(exchange)) {
      for (auto& [actor, seq] : exchange.asked) seq = claims_.committed().seq_of(actor);
      exchange.refused = false;
    } else {
      exchange.refused = !facts.forgotten.empty();
    }
  }
  // These peers sent changes with a gap before them. The gap decides when to compare, not what to
  // fetch.
  for (const NodeId& id : finished.wanting) {
    if (members_.find(id) == nullptr || exchanges_.contains(id)) continue;
    Peer& peer = peers_[id];
    if (peer.differs) continue;
    peer.differs = now;
    // The state hash is older than these changes. If it equals ours, it would end this at once.
    peer.state.reset();
    schedule(id, peer, now + options_.profile.grace);
  }
}

// The replica has finished all pages of this exchange. The exchange goes on if they moved the
// vector.
void Reconciler::page_stored(base::Instant now, const NodeId& id, Actions& out) {
  Exchange& exchange = exchanges_.at(id);
  if (moved(exchange)) {
    exchange.cautious = false;
    return ask(now, id, exchange, out);
  }
  if (!lacks(peers_.at(id))) return end(now, id, End::kDone);
  // The page followed the peer's order and moved nothing. So its changes depend on changes that are
  // being fetched from other peers. A fresh request for everything would begin with a change that
  // fits (rule 4). So this exchange ends, and the peer is asked again after a random delay of its
  // own.
  if (exchanges_.size() > 1) return end(now, id, End::kLater);
  // We fetch from no other peer. So our record of changes under way to the replica may be wrong. We
  // forget it for these actors and fetch again.
  for (const auto& [actor, seq] : exchange.asked) intake_.forget(actor);
  end(now, id, End::kStalled);
}

bool Reconciler::moved(const Exchange& exchange) const {
  return std::any_of(exchange.asked.begin(), exchange.asked.end(), [&](const auto& entry) {
    return claims_.committed().seq_of(entry.first) > entry.second;
  });
}

bool Reconciler::lacks(const Peer& peer) const {
  return peer.vector && !intake_.lacking(peer.vector->ahead()).empty();
}

// The vectors were compared and we have nothing to fetch. The next comparison of the same two
// states waits longer each time. Two states stay different when the other side must fetch, or until
// an upgrade (rule 12).
void Reconciler::found_nothing(base::Instant now, Peer& peer) {
  Pair pair{claims_.state(), *peer.state};
  bool again = peer.fruitless == pair && peer.fruitless_forgets == forgets_;
  peer.stalls = again ? peer.stalls + 1 : 0;
  peer.fruitless_forgets = forgets_;
  peer.fruitless = pair;
  peer.fruitless_until = now + jittered(gap_after(peer.stalls));
}

void Reconciler::end(base::Instant now, const NodeId& id, End how) {
  auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  bool fetched = found->second.fetched;
  Peer& peer = peers_.at(id);
  if (found->second.request) peer.page.lost();
  exchanges_.erase(found);
  base::Duration interval = options_.profile.ping_interval;
  if (how == End::kDone) {
    if (fetched) peer.stalls = 0;
    peer.differs.reset();
    // Under constant writes every comparison differs, and most find nothing. So the time between
    // them grows.
    base::Duration longest = interval * kQuietGapMax;
    if (!fetched) quiet_gap_ = std::min(std::max(interval / 2, quiet_gap_ * 2), longest);
    quiet_until_ = now + quiet_gap_;
    if (sync_peer_ == id) sync_peer_.reset();
    return;
  }
  if (how == End::kStalled) {
    ++peer.stalls;
    peer.allowed = now + jittered(gap_after(peer.stalls));
  } else {
    peer.allowed = now + jittered(interval);
  }
  if (!peer.differs) peer.differs = now;
  schedule(id, peer, peer.allowed);
}

void Reconciler::echo(base::Instant now, const NodeId& peer, const crdt::Dependency& seen,
                      Actions& out) {
  ++stats_.echoes;
  out.push_back(Alarm{Alarm::Kind::kEcho, peer, seen.actor, seen.head});
  end(now, peer, End::kStalled);
}

}  // namespace gossip
