#pragma once

// Finds and repairs changes that a push did not deliver. It compares the state hash of every ping
// and ack with our claim. A difference that lasts starts an exchange: first vectors over a session,
// then pages of the log; each side asks for what it lacks. The vectors that peers claim decide what
// to fetch; gaps never do.
// It guarantees that no entry is asked of two peers at one time, that it asks for pages only as
// fast as the replica stores them, and that an exchange that moves nothing ends. When the log of a
// peer does not reach back to us, it starts a state join, after the logs of other peers had their
// chance.
// Each of its parts decides or remembers one thing: PeerState what we do about a peer now,
// PeerClaim what the peer said, Pacing when an exchange may start, Exchange how far it is,
// JoinPolicy when a join may start. Reconciler moves peers from state to state and sends.
// RangeServer and SnapshotServer serve peers, Intake checks changes, Joiner does the steps of a
// join.

#include <map>
#include <optional>
#include <set>

#include "crdt/base/random.h"
#include "gossip/reconcile/agenda.h"
#include "gossip/reconcile/backoff.h"
#include "gossip/reconcile/claims.h"
#include "gossip/reconcile/closing.h"
#include "gossip/reconcile/exchange.h"
#include "gossip/reconcile/intake.h"
#include "gossip/reconcile/join_policy.h"
#include "gossip/reconcile/joiner.h"
#include "gossip/reconcile/pacing.h"
#include "gossip/reconcile/page_size.h"
#include "gossip/reconcile/peer_claim.h"
#include "gossip/reconcile/peer_positions.h"
#include "gossip/reconcile/peer_state.h"
#include "gossip/reconcile/vectors.h"
#include "gossip/swim/member_table.h"
#include "gossip/wire/message.h"

namespace gossip {

inline constexpr std::size_t kVectorsKnownMax = 128;  // of peers; then the oldest is forgotten

class Reconciler {
 public:
  Reconciler(const Options& options, const MemberTable& members, Claims& claims, Intake& intake,
             base::Random random, Stats& stats);

  // A ping or an ack of `peer` carried this state hash, and perhaps how far its log reaches then.
  void observed(base::Instant now, const NodeId& peer, crdt::StateHash state,
                std::optional<std::uint64_t> position, Actions& out);
  void receive(base::Instant now, const NodeId& peer, const wire::Vector& vector, Actions& out);
  void receive(base::Instant now, const NodeId& peer, const wire::Range& range, Actions& out);
  void receive(base::Instant now, const NodeId& peer, const wire::SnapshotAnswer& page,
               Actions& out);
  // The replica committed a turn. Call this after Claims and Intake have taken it.
  void stored(base::Instant now, const Stored& facts, const Intake::Finished& finished,
              Actions& out);
  // `peer` showed one of our own actors above our number or with another hash (rule 2). Nothing of
  // its message was taken.
  void echo(base::Instant now, const NodeId& peer, const crdt::Dependency& seen, Actions& out);
  void closed(base::Instant now, const NodeId& peer);              // the session ended
  void gone(base::Instant now, const NodeId& peer, Actions& out);  // dead or left
  void stop(base::Instant now, Actions& out);                      // we leave the mesh
  // A seed let us in. The first exchange is with this seed and starts at once.
  void synchronise(base::Instant now, const NodeId& peer, Actions& out);

  // Adds to `ping` the peers whose last state hash is too old to start an exchange. The caller
  // pings them.
  void advance(base::Instant now, std::vector<NodeId>& ping, Actions& out);
  base::Instant next_deadline() const;

  std::optional<NodeId> equal_peer() const;
  bool syncing() const { return sync_peer_.has_value(); }
  std::optional<std::uint64_t> lag(const NodeId& peer) const;
  std::optional<std::uint64_t> behind(const NodeId& peer) const;  // changes that we lack and it has
  bool in_step(const NodeId& peer) const;                         // its last state hash equals ours
  std::size_t exchanges() const { return exchanging_.size(); }
  const PeerPositions& positions() const { return positions_; }

 private:
  struct Peer {
    explicit Peer(const Options& options) : pacing(options.profile), joins(options) {}

    PeerState state;
    PeerClaim claim;
    Pacing pacing;
    JoinPolicy joins;
    PageSize page;
    bool lost = false;                          // it has sent a change that we lack, for sure
    base::Instant lost_allowed{INT64_MIN / 2};  // no exchange for this reason before
  };
  Peer& peer_of(const NodeId& id) { return peers_.try_emplace(id, options_).first->second; }

  // Noticing differences: reconciler.cc.
  void equalled(const NodeId& id, Peer& peer, Actions& out);
  void consider(base::Instant now, const NodeId& id, std::vector<NodeId>& ping, Actions& out);
  bool is_free(const NodeId& id, const Peer& peer) const;
  bool still_differs(Peer& peer) const;
  Difference difference(const Peer& peer) const;
  base::Instant ready(const NodeId& id, const Peer& peer) const;
  bool is_certain(const Peer& peer) const;
  bool no_other_path() const;
  bool diverges(base::Instant now, const NodeId& id, Peer& peer, Actions& out);

  // State joins: reconciler.cc.
  void below_floor(base::Instant now, const NodeId& id, Actions& out);
  void consider_join(base::Instant now, const NodeId& id, Peer& peer, Actions& out);
  void follow_joiner(base::Instant now, const std::optional<Joiner::Ended>& ended);
  void join_ended(base::Instant now, const Joiner::Ended& ended);

  // Exchanges, the peer's vector: reconciler_exchange.cc.
  Exchange& begin(base::Instant now, const NodeId& id);
  void start(base::Instant now, const NodeId& id, Actions& out);
  void answer(const NodeId& id, const wire::Vector& question, const Vectors::Taken& taken,
              Actions& out);
  void work_out(base::Instant now, const NodeId& id, const wire::Vector& vector,
                const Vectors::Taken& taken, Actions& out);
  void ask_whole(base::Instant now, const NodeId& id, const wire::Vector& vector, Actions& out);
  void forget_oldest_vector(const Peer& newest);
  void compared(base::Instant now, const NodeId& id, Actions& out);

  // Exchanges, pages of the log and the end: reconciler_exchange.cc.
  void ask(base::Instant now, const NodeId& id, Exchange& exchange, Actions& out);
  void ask_ahead(base::Instant now, const NodeId& id, Exchange& exchange, Actions& out);
  void page_stored(base::Instant now, const NodeId& id, Exchange& exchange, Actions& out);
  void notice_gaps(base::Instant now, const std::map<NodeId, bool>& senders);
  bool lacks(const Peer& peer) const;
  Exchange* exchange_with(const NodeId& id);  // null: none runs
  enum class End { kDone, kStalled, kLater };
  void end(base::Instant now, const NodeId& id, End how);

  void send(const NodeId& to, wire::Message message, Actions& out) const;
  void send(const NodeId& to, const Vectors::Messages& messages, Actions& out) const;

  const Options& options_;
  const MemberTable& members_;
  Claims& claims_;
  Intake& intake_;
  Stats& stats_;
  Vectors vectors_;
  Closing closing_;
  Joiner joiner_;
  Backoff backoff_;
  QuietGap quiet_;
  Agenda agenda_;  // when to consider each peer
  PeerPositions positions_;
  std::uint64_t requests_ = 0;
  std::uint64_t drops_ = 0;  // turns in which the replica dropped changes
  std::map<NodeId, Peer> peers_;
  std::set<NodeId> exchanging_;  // the peers whose state has an exchange
  // The last peer whose state equalled ours.
  std::optional<std::pair<NodeId, crdt::StateHash>> equal_;
  // The seed with which the first exchange is to be done. It does not wait for a difference.
  std::optional<NodeId> sync_peer_;
  bool synchronised_ = false;
};

}  // namespace gossip
