#pragma once

// Finds and repairs what was lost on the way. Compares the state hash of every ping and ack with
// our claim; a difference that lasts starts an exchange: vectors over a session, then pages of the
// log, each side asking for what it lacks. What to fetch follows from vectors that peers claim,
// never from gaps. Guarantees that no entry is asked of two peers at one time, that a page is asked
// for only as fast as the replica stores, and that an exchange that moves nothing ends. Leaves
// serving to RangeServer and checking of changes to Intake.

#include <map>
#include <optional>
#include <set>

#include "crdt/base/random.h"
#include "gossip/reconcile/claims.h"
#include "gossip/reconcile/intake.h"
#include "gossip/swim/member_table.h"
#include "gossip/wire/message.h"

namespace gossip {

inline constexpr std::size_t kVectorsKnownMax = 128;  // of peers; above: the oldest is forgotten
inline constexpr int kGraceStretch = 8;  // graces after which constant writes delay no further
inline constexpr int kQuietGapMax = 4;   // ping intervals between exchanges that find nothing
inline constexpr int kStallGapMax = 32;  // ping intervals before a peer that moved nothing is asked

class Reconciler {
 public:
  Reconciler(const Options& options, const MemberTable& members, Claims& claims, Intake& intake,
             base::Random random, Stats& stats);

  // The state hash on a ping or an ack.
  void observed(base::Instant now, const NodeId& peer, crdt::StateHash state, Actions& out);
  void receive(base::Instant now, const NodeId& peer, const wire::Vector& vector, Actions& out);
  void receive(base::Instant now, const NodeId& peer, const wire::Range& range, Actions& out);
  void stored(base::Instant now, const Intake::Finished& finished, Actions& out);
  // `peer` showed one of our actors where it cannot be (rule 2); nothing of its message was taken.
  void echo(base::Instant now, const NodeId& peer, const base::ActorId& actor, std::uint64_t seq,
            Actions& out);
  void closed(base::Instant now, const NodeId& peer);  // the session ended
  void gone(const NodeId& peer);                       // dead or left
  void stop(base::Instant now);                        // we leave ourselves
  // A seed let us in: the first exchange is with it, at once.
  void synchronise(base::Instant now, const NodeId& peer, Actions& out);

  // Peers whose last word is too old to start an exchange on are to be pinged; `ping` gets them.
  void advance(base::Instant now, std::vector<NodeId>& ping, Actions& out);
  base::Instant next_deadline() const;

  bool syncing() const { return sync_peer_.has_value(); }
  std::optional<std::uint64_t> lag(const NodeId& peer) const;
  std::size_t exchanges() const { return exchanges_.size(); }

 private:
  struct Peer {
    std::optional<crdt::StateHash> state;  // its last word
    base::Instant said;                    // when
    std::optional<base::Instant> differs;  // since when
    base::Instant due = base::Instant::never();
    base::Instant allowed{INT64_MIN / 2};  // no exchange before
    int stalls = 0;
    std::optional<crdt::VersionVector> vector;
    base::Instant vector_at;
    std::optional<crdt::StateHash> below_floor;  // the state in which it could not serve us
    std::optional<std::pair<crdt::StateHash, crdt::StateHash>> alarmed;
  };
  struct Exchange {
    std::optional<std::uint64_t> request;          // outstanding
    std::map<base::ActorId, std::uint64_t> asked;  // actor -> committed when it was asked for
    std::size_t storing = 0;                       // pages at the replica
    bool vectors = true;                           // waits for the peer's vector
    bool fetched = false;                          // brought something
    base::Instant deadline;
  };

  void consider(base::Instant now, const NodeId& peer, std::vector<NodeId>& ping, Actions& out);
  bool diverges(base::Instant now, const NodeId& id, Peer& peer, Actions& out);
  void start(base::Instant now, const NodeId& id, Actions& out);
  void ask(base::Instant now, const NodeId& id, Exchange& exchange, Actions& out);
  void page_stored(base::Instant now, const NodeId& id, Actions& out);
  bool moved(const Exchange& exchange) const;
  enum class End { kDone, kStalled, kLater };
  void end(base::Instant now, const NodeId& id, End how);
  void remember(base::Instant now, Peer& peer, const wire::Vector& vector);
  void schedule(const NodeId& id, Peer& peer, base::Instant at);
  void send(const NodeId& to, wire::Message message, Actions& out) const;
  base::Duration jittered(base::Duration base);

  const Options& options_;
  const MemberTable& members_;
  Claims& claims_;
  Intake& intake_;
  base::Random random_;
  Stats& stats_;
  std::uint64_t requests_ = 0;
  std::map<NodeId, Peer> peers_;
  std::map<NodeId, Exchange> exchanges_;
  std::set<std::pair<base::Instant, NodeId>> due_;
  base::Duration quiet_gap_{0};
  base::Instant quiet_until_{INT64_MIN / 2};
  std::optional<NodeId> sync_peer_;
  bool synchronised_ = false;
};

}  // namespace gossip
