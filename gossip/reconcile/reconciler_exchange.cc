// The exchanges of Reconciler: vectors, then pages of the log.

#include <algorithm>

#include "gossip/reconcile/reconciler.h"

namespace gossip {

// --- The peer's vector ---------------------------------------------------------------------------

Exchange& Reconciler::begin(base::Instant now, const NodeId& id) {
  ++stats_.reconciliations;
  Peer& peer = peer_of(id);
  peer.pacing.started(now);
  peer.lost = false;
  peer.lost_allowed = now + options_.profile.grace;
  exchanging_.insert(id);
  return peer.state.begin_exchange(peer.pacing.has_stalled());
}

void Reconciler::start(base::Instant now, const NodeId& id, Actions& out) {
  Exchange& exchange = begin(now, id);
  auto common = peers_.at(id).claim.common();
  quiet_.started(now);
  exchange.wait_until(now + options_.exchange_timeout);
  auto guess = common ? std::nullopt : vectors_.guess();
  if (!guess) return send(id, vectors_.tell(false, common), out);
  exchange.guessed(guess->base);
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
    claims_.confirm(entry.actor, entry.head, out);
    if (entry.head.seq > claims_.claimed().seq_of(entry.actor)) claims_.open(entry.actor);
  }
  Vectors::Taken taken = vectors_.take(id, vector);
  if (!taken.complete) return;
  Exchange* exchange = exchange_with(id);
  if (!vector.answer) {
    answer(id, vector, taken, out);
  } else if (exchange != nullptr && exchange->was_wrong(vector) && taken.differs) {
    // Our guess was wrong: the peer never had that state. It learns what we hold from a second
    // message, now that we know its vector.
    send(id, vectors_.tell_above(vector.state, *taken.differs), out);
  }
  if (members_.find(id) != nullptr) work_out(now, id, vector, taken, out);
}

void Reconciler::answer(const NodeId& id, const wire::Vector& question, const Vectors::Taken& taken,
                        Actions& out) {
  if (taken.differs) return send(id, vectors_.tell_above(question.state, *taken.differs), out);
  // A peer that guesses knows no state that we both had. It may have restarted and lost it.
  auto peer = peers_.find(id);
  bool common = peer != peers_.end() && !Vectors::is_guess(question);
  send(id, vectors_.tell(true, common ? peer->second.claim.common() : std::nullopt), out);
}

void Reconciler::work_out(base::Instant now, const NodeId& id, const wire::Vector& vector,
                          const Vectors::Taken& taken, Actions& out) {
  Peer& peer = peer_of(id);
  peer.claim.said(now, vector.state);
  if (!taken.differs) {
    if (Vectors::is_guess(vector)) return;  // it sends the rest when it has our answer
    return ask_whole(now, id, vector, out);
  }
  for (const auto& [actor, confirmed] : claims_.alone()) {
    auto theirs = taken.differs->find(actor);
    bool equal = theirs == taken.differs->end();
    claims_.confirm(actor, equal ? claims_.claimed().head_of(actor) : theirs->second, out);
  }
  peer.claim.take(now, claims_, *taken.differs);
  forget_oldest_vector(peer);
  compared(now, id, out);
}

// The message lists entries above a state that we cannot work out, or it leaves out actors that we
// do not know as closed. We ask once for the whole vector. If the sum does not fit the complete
// list either, the exchange ends.
void Reconciler::ask_whole(base::Instant now, const NodeId& id, const wire::Vector& vector,
                           Actions& out) {
  if (peers_.at(id).claim.ask_whole(now, options_.profile.ping_interval)) {
    return send(id, vectors_.ask_whole(), out);
  }
  if (!vector.answer || vector.base != 0) return;  // it was sent before our question arrived
  ++stats_.vectors_refused;
  end(now, id, End::kStalled);
}

// Keeps the bound kVectorsKnownMax. The vectors of running exchanges stay, and so does `newest`.
void Reconciler::forget_oldest_vector(const Peer& newest) {
  Peer* oldest = nullptr;
  std::size_t known = 0;
  for (auto& [id, other] : peers_) {
    if (!other.claim.vector()) continue;
    ++known;
    bool older = oldest == nullptr || other.claim.vector_at() < oldest->claim.vector_at();
    if (older && other.state.exchange() == nullptr) oldest = &other;
  }
  bool over = known > kVectorsKnownMax && oldest != nullptr && oldest != &newest;
  if (over) oldest->claim.forget_vector();
}

// The vector of `id` has come, as the answer to our question or because the peer asked first. We
// use it in both cases.
void Reconciler::compared(base::Instant now, const NodeId& id, Actions& out) {
  Peer& peer = peers_.at(id);
  Exchange* exchange = peer.state.exchange();
  if (exchange == nullptr) {
    peer.state.settle();
    peer.lost = false;
    agenda_.drop(id);
    bool room = exchanging_.size() < options_.reconcile_peers_max;
    if (!lacks(peer) || !room || now < peer.pacing.allowed() || peer.state.is_joining()) return;
    if (peer.state.is_below(peer.claim.states(claims_))) return;
    exchange = &begin(now, id);
  }
  if (!exchange->awaits_vector()) return;
  exchange->vector_came();
  ask(now, id, *exchange, out);
}

// --- Pages of its log ----------------------------------------------------------------------------

// Asks for the next page, or ends the exchange when nothing is left to ask for.
void Reconciler::ask(base::Instant now, const NodeId& id, Exchange& exchange, Actions& out) {
  Peer& peer = peers_.at(id);
  crdt::VersionVector::Entries lacking;
  if (peer.claim.vector()) lacking = intake_.lacking(peer.claim.vector()->ahead());
  bool nothing = lacking.empty();
  for (const NodeId& other : exchanging_) {
    if (other == id) continue;
    for (const auto& [actor, seq] : exchange_with(other)->asked()) lacking.erase(actor);
  }
  exchange.clear_request();
  exchange.wait_until(now + options_.exchange_timeout);
  if (lacking.empty()) {
    if (exchange.storing() > 0) return;
    if (nothing && !exchange.has_fetched()) {
      peer.pacing.found_nothing(now, *peer.claim.states(claims_), drops_, backoff_);
    }
    return end(now, id, End::kDone);
  }
  // One request cannot name so many actors. A state join is cheaper than to fetch so much change by
  // change.
  if (lacking.size() > wire::kEntriesPerMessage && exchange.storing() == 0) {
    return below_floor(now, id, out);
  }
  wire::RangeRequest request = exchange.ask(++requests_, lacking, claims_, intake_);
  // An exchange that stalled may stall for ever (example: two contents of (a,6)). So the next try
  // asks for the smallest page.
  request.bytes_max =
      peer.page.of(exchange.is_cautious() ? kPageBytesMin : options_.range_bytes_max);
  send(id, std::move(request), out);
}

void Reconciler::receive(base::Instant now, const NodeId& id, const wire::Range& range,
                         Actions& out) {
  Exchange* exchange = exchange_with(id);
  if (exchange == nullptr || !exchange->is_asking(range.request)) {
    // The page came too late for its exchange. We take its changes in spite of that, because on a
    // slow link every page may be late.
    Intake::Taken late = intake_.take(id, range.changes, false, out);
    if (late.outcome == Intake::Outcome::kEcho) echo(now, id, late.echo, out);
    return;
  }
  exchange->answered();
  exchange->wait_until(now + options_.exchange_timeout);
  if (range.outcome == wire::Range::Outcome::kBusy) return end(now, id, End::kLater);
  if (range.outcome == wire::Range::Outcome::kBelowFloor) {
    ++stats_.below_floor;
    return below_floor(now, id, out);
  }
  Intake::Taken taken = intake_.take(id, range.changes, true, out);
  if (taken.outcome == Intake::Outcome::kEcho) return echo(now, id, taken.echo, out);
  if (taken.outcome == Intake::Outcome::kNothingNew) {
    if (exchange->storing() == 0) page_stored(now, id, *exchange, out);
    return;
  }
  exchange->page_taken(taken.number);
  quiet_.fetched(now);
  Peer& peer = peers_.at(id);
  peer.joins.reached_back();
  if (range.outcome != wire::Range::Outcome::kMore) return;
  peer.page.came();  // the page was full
  if (exchange->may_fetch_ahead()) ask_ahead(now, id, *exchange, out);
}

// Asks for the next page while the replica stores this one.
void Reconciler::ask_ahead(base::Instant now, const NodeId& id, Exchange& exchange, Actions& out) {
  const Exchange::Asked older = exchange.asked();
  ask(now, id, exchange, out);
  exchange.compare_with(older);
}

void Reconciler::stored(base::Instant now, const Stored& facts, const Intake::Finished& finished,
                        Actions& out) {
  if (facts.join) follow_joiner(now, joiner_.stored(now, *facts.join, out));
  if (!facts.left.empty()) closing_.left(out);
  const bool dropped = !facts.forgotten.empty();
  if (dropped) ++drops_;
  for (const auto& [id, number] : finished.pages) {
    Exchange* exchange = exchange_with(id);
    if (exchange == nullptr || !exchange->page_stored(number, claims_, dropped)) continue;
    exchange->wait_until(now + options_.exchange_timeout);
    if (exchange->storing() == 0 && !exchange->is_asking()) page_stored(now, id, *exchange, out);
  }
  notice_gaps(now, finished.wanting);
}

// These peers sent changes with a gap before them. The gap decides when to compare, not what to
// fetch.
void Reconciler::notice_gaps(base::Instant now, const std::map<NodeId, bool>& senders) {
  for (const auto& [id, kept] : senders) {
    if (members_.find(id) == nullptr || exchanging_.contains(id)) continue;
    Peer& peer = peer_of(id);
    const bool lost = kept && no_other_path();
    if (!lost && peer.state.differs_since()) continue;
    peer.lost |= lost;
    peer.state.differs(now);
    // The state hash is older than these changes. If it equals ours, it would end this at once.
    peer.claim.outdate();
    agenda_.set(id, lost ? std::max(now, peer.lost_allowed) : now + options_.profile.grace);
  }
}

// The replica has finished all pages of this exchange. The exchange goes on if they moved the
// vector.
void Reconciler::page_stored(base::Instant now, const NodeId& id, Exchange& exchange,
                             Actions& out) {
  if (exchange.moved(claims_)) {
    exchange.no_longer_cautious();
    return ask(now, id, exchange, out);
  }
  if (!lacks(peers_.at(id))) return end(now, id, End::kDone);
  // The page followed the peer's order and moved nothing. So its changes depend on changes that are
  // being fetched from other peers. A fresh request for everything would begin with a change that
  // fits (rule 4). So this exchange ends, and the peer is asked again after a random delay of its
  // own.
  if (exchanging_.size() > 1) return end(now, id, End::kLater);
  // We fetch from no other peer. So our record of changes under way to the replica may be wrong. We
  // forget it for these actors and fetch again.
  for (const auto& [actor, seq] : exchange.asked()) intake_.forget(actor);
  end(now, id, End::kStalled);
}

// --- The end -------------------------------------------------------------------------------------

void Reconciler::end(base::Instant now, const NodeId& id, End how) {
  const Exchange* exchange = exchange_with(id);
  if (exchange == nullptr) return;
  Peer& peer = peers_.at(id);
  const bool fetched = exchange->has_fetched();
  if (exchange->is_asking()) peer.page.lost();
  exchanging_.erase(id);
  if (how == End::kDone) {
    peer.state.exchange_done();
    if (fetched) peer.pacing.progressed();
    quiet_.done(now, fetched);
    if (sync_peer_ == id) sync_peer_.reset();
    return;
  }
  peer.state.exchange_broke(now);
  bool stalled = how == End::kStalled;
  agenda_.set(id,
              stalled ? peer.pacing.stalled(now, backoff_) : peer.pacing.put_off(now, backoff_));
}

void Reconciler::echo(base::Instant now, const NodeId& peer, const crdt::Dependency& seen,
                      Actions& out) {
  ++stats_.echoes;
  out.push_back(Alarm{Alarm::Kind::kEcho, peer, seen.actor, seen.head});
  end(now, peer, End::kStalled);
}

bool Reconciler::lacks(const Peer& peer) const {
  return peer.claim.vector() && !intake_.lacking(peer.claim.vector()->ahead()).empty();
}

Exchange* Reconciler::exchange_with(const NodeId& id) {
  auto peer = peers_.find(id);
  return peer == peers_.end() ? nullptr : peer->second.state.exchange();
}

}  // namespace gossip
