#pragma once

// Finds and repairs what was lost on the way. Compares the state hash of every ping and ack with
// our claim; a difference that lasts starts an exchange: vectors over a session, then pages of the
// log, each side asking for what it lacks. What to fetch follows from vectors that peers claim,
// never from gaps. Guarantees that no entry is asked of two peers at one time, that a page is asked
// for only as fast as the replica stores, and that an exchange that moves nothing ends. A peer
// whose log does not reach back to us is joined as a whole, after the logs of others had their
// chance. Leaves serving to RangeServer and SnapshotServer, checking of changes to Intake, the
// steps of a join to Joiner.

#include <map>
#include <optional>
#include <set>

#include "crdt/base/random.h"
#include "gossip/reconcile/claims.h"
#include "gossip/reconcile/closing.h"
#include "gossip/reconcile/intake.h"
#include "gossip/reconcile/joiner.h"
#include "gossip/reconcile/page_size.h"
#include "gossip/reconcile/vectors.h"
#include "gossip/swim/member_table.h"
#include "gossip/wire/message.h"

namespace gossip {

inline constexpr std::size_t kVectorsKnownMax = 128;  // of peers; above: the oldest is forgotten
inline constexpr int kGraceStretch = 8;  // graces after which constant writes delay no further
inline constexpr int kQuietGapMax = 4;   // ping intervals between exchanges that find nothing
inline constexpr int kStallGapMax = 32;  // ping intervals before a peer that moved nothing is asked
inline constexpr int kLogsFirst = 2;  // ping intervals that the logs of others have before a join

class Reconciler {
 public:
  Reconciler(const Options& options, const MemberTable& members, Claims& claims, Intake& intake,
             base::Random random, Stats& stats);

  // The state hash on a ping or an ack.
  void observed(base::Instant now, const NodeId& peer, crdt::StateHash state, Actions& out);
  void receive(base::Instant now, const NodeId& peer, const wire::Vector& vector, Actions& out);
  void receive(base::Instant now, const NodeId& peer, const wire::Range& range, Actions& out);
  void receive(base::Instant now, const NodeId& peer, const wire::SnapshotPage& page, Actions& out);
  // What the replica committed, after Claims and Intake have taken it.
  void stored(base::Instant now, const Stored& facts, const Intake::Finished& finished,
              Actions& out);
  // `peer` showed one of our actors where it cannot be (rule 2); nothing of its message was taken.
  void echo(base::Instant now, const NodeId& peer, const crdt::Dependency& seen, Actions& out);
  void closed(base::Instant now, const NodeId& peer);              // the session ended
  void gone(base::Instant now, const NodeId& peer, Actions& out);  // dead or left
  void stop(base::Instant now, Actions& out);                      // we leave ourselves
  // A seed let us in: the first exchange is with it, at once.
  void synchronise(base::Instant now, const NodeId& peer, Actions& out);

  // Peers whose last word is too old to start an exchange on are to be pinged; `ping` gets them.
  void advance(base::Instant now, std::vector<NodeId>& ping, Actions& out);
  base::Instant next_deadline() const;

  std::optional<NodeId> equal_peer() const;
  bool syncing() const { return sync_peer_.has_value(); }
  std::optional<std::uint64_t> lag(const NodeId& peer) const;
  std::optional<std::uint64_t> behind(const NodeId& peer) const;  // changes of it that we lack
  bool in_step(const NodeId& peer) const;                         // its last word equals our state
  std::size_t exchanges() const { return exchanges_.size(); }

 private:
  using Pair = std::pair<crdt::StateHash, crdt::StateHash>;  // ours, the peer's
  struct Peer {
    std::optional<crdt::StateHash> state;  // its last word
    base::Instant said;                    // when
    std::optional<base::Instant> differs;  // since when
    base::Instant due = base::Instant::never();
    base::Instant allowed{INT64_MIN / 2};  // no exchange before
    int stalls = 0;
    std::optional<PeerVector> vector;
    base::Instant vector_at;
    std::optional<std::uint64_t> base;  // the last vector half in which both of us were
    std::optional<base::Instant> asked_whole;
    std::optional<Pair> alarmed;
    std::optional<Pair> fruitless;        // compared in these states, and nothing to fetch
    std::uint64_t fruitless_forgets = 0;  // forgets_ then
    base::Instant fruitless_until{INT64_MIN / 2};
    std::optional<base::Instant> below;  // since when its log does not reach back to us
    std::optional<Pair> below_at;        // in which states it said so
    base::Instant join_allowed{INT64_MIN / 2};
    int join_failures = 0;
    PageSize page;
  };
  struct Exchange {
    std::optional<std::uint64_t> request;          // outstanding
    std::map<base::ActorId, std::uint64_t> asked;  // actor -> committed when it was asked for
    std::size_t storing = 0;                       // pages at the replica
    bool vectors = true;                           // waits for the peer's vector
    std::uint64_t guess = 0;                       // the state that it may have been in, if asked
    bool fetched = false;                          // brought something
    bool refused = false;                          // the last page moved nothing, nor was it kept
    bool cautious = false;  // the last ones of this peer stalled, and nothing has moved yet
    base::Instant deadline;
  };

  // Noticing differences: reconciler.cc.
  void consider(base::Instant now, const NodeId& peer, std::vector<NodeId>& ping, Actions& out);
  bool diverges(base::Instant now, const NodeId& id, Peer& peer, Actions& out);
  void schedule(const NodeId& id, Peer& peer, base::Instant at);
  void send(const NodeId& to, wire::Message message, Actions& out) const;
  void send(const NodeId& to, const Vectors::Messages& messages, Actions& out) const;
  base::Duration jittered(base::Duration base);
  base::Duration gap_after(int times) const;  // that something was in vain

  // Joins: reconciler.cc.
  bool is_below(const Peer& peer) const;  // and nothing has changed since it said so
  void below_floor(base::Instant now, const NodeId& id, Actions& out);
  void consider_join(base::Instant now, const NodeId& id, Actions& out);
  void join_ended(base::Instant now, const std::optional<Joiner::Ended>& ended);

  // Exchanges: exchange.cc.
  Exchange& begin(base::Instant now, const NodeId& id);
  void start(base::Instant now, const NodeId& id, Actions& out);
  void work_out(base::Instant now, const NodeId& id, const wire::Vector& vector,
                const Vectors::Taken& taken, Actions& out);
  void ask_whole(base::Instant now, const NodeId& id, const wire::Vector& vector, Actions& out);
  void remember(base::Instant now, Peer& peer, const Vectors::Entries& differs);
  void compared(base::Instant now, const NodeId& id, Actions& out);
  void ask(base::Instant now, const NodeId& id, Exchange& exchange, Actions& out);
  void page_stored(base::Instant now, const NodeId& id, Actions& out);
  bool moved(const Exchange& exchange) const;
  bool lacks(const Peer& peer) const;
  void found_nothing(base::Instant now, Peer& peer);
  enum class End { kDone, kStalled, kLater };
  void end(base::Instant now, const NodeId& id, End how);

  const Options& options_;
  const MemberTable& members_;
  Claims& claims_;
  Intake& intake_;
  base::Random random_;
  Stats& stats_;
  Vectors vectors_;
  Closing closing_;
  Joiner joiner_;
  std::uint64_t requests_ = 0;
  std::uint64_t forgets_ = 0;  // turns in which the replica forgot something: look again
  std::map<NodeId, Peer> peers_;
  std::map<NodeId, Exchange> exchanges_;
  std::set<std::pair<base::Instant, NodeId>> due_;
  base::Duration quiet_gap_{0};
  base::Instant quiet_until_{INT64_MIN / 2};
  std::optional<std::pair<NodeId, crdt::StateHash>> equal_;  // the last that equalled us
  std::optional<NodeId> sync_peer_;
  bool synchronised_ = false;
};

}  // namespace gossip
