#pragma once

// Finds and repairs changes that a push did not deliver. It compares the state hash of every ping
// and ack with our claim. A difference that lasts starts an exchange: first vectors over a session,
// then pages of the log; each side asks for what it lacks. The vectors that peers claim decide what
// to fetch; gaps never do.
// It guarantees that no entry is asked of two peers at one time, that it asks for pages only as
// fast as the replica stores them, and that an exchange that moves nothing ends. When the log of a
// peer does not reach back to us, it starts a state join, after the logs of other peers had their
// chance.
// RangeServer and SnapshotServer serve peers, Intake checks changes, Joiner does the steps of a
// join.

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

inline constexpr std::size_t kVectorsKnownMax = 128;  // of peers; then the oldest is forgotten
inline constexpr int kGraceStretch = 8;  // after so many graces constant writes delay no longer
inline constexpr int kQuietGapMax = 4;   // ping intervals between exchanges that find nothing
inline constexpr int kStallGapMax = 32;  // ping intervals until a stalled peer is asked
inline constexpr int kLogsFirst = 2;     // ping intervals for the logs of other peers before a join

class Reconciler {
 public:
  Reconciler(const Options& options, const MemberTable& members, Claims& claims, Intake& intake,
             base::Random random, Stats& stats);

  // A ping or an ack of `peer` carried this state hash.
  void observed(base::Instant now, const NodeId& peer, crdt::StateHash state, Actions& out);
  void receive(base::Instant now, const NodeId& peer, const wire::Vector& vector, Actions& out);
  void receive(base::Instant now, const NodeId& peer, const wire::Range& range, Actions& out);
  void receive(base::Instant now, const NodeId& peer, const wire::SnapshotPage& page, Actions& out);
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
  std::size_t exchanges() const { return exchanges_.size(); }

 private:
  using Pair = std::pair<crdt::StateHash, crdt::StateHash>;  // ours, the peer's
  struct Peer {
    std::optional<crdt::StateHash> state;  // from its last message
    base::Instant said;                    // when
    std::optional<base::Instant> differs;  // since when its state differs from ours
    base::Instant due = base::Instant::never();
    base::Instant allowed{INT64_MIN / 2};  // no exchange before this time
    int stalls = 0;
    std::optional<PeerVector> vector;
    base::Instant vector_at;
    std::optional<std::uint64_t> base;  // the last vector half that both of us had
    std::optional<base::Instant> asked_whole;
    std::optional<Pair> alarmed;
    std::optional<Pair> fruitless;        // these states were compared: nothing to fetch
    std::uint64_t fruitless_forgets = 0;  // forgets_ at that time
    base::Instant fruitless_until{INT64_MIN / 2};
    std::optional<base::Instant> below;  // since when its log does not reach back to us
    std::optional<Pair> below_at;        // our state and its state at that time
    base::Instant join_allowed{INT64_MIN / 2};
    int join_failures = 0;
    PageSize page;
  };
  struct Exchange {
    std::optional<std::uint64_t> request;  // outstanding
    // The actors that we asked for, with the number that we had committed at that time.
    std::map<base::ActorId, std::uint64_t> asked;
    std::size_t storing = 0;  // pages that the replica has not finished
    bool vectors = true;      // we wait for the peer's vector
    std::uint64_t guess = 0;  // the vector half of our guess(); 0: none
    bool fetched = false;     // at least one page had new changes
    bool refused = false;     // the last page moved nothing and was not kept
    bool cautious = false;    // earlier exchanges stalled, and this one has moved nothing
    base::Instant deadline;
  };

  // Noticing differences: reconciler.cc.
  void consider(base::Instant now, const NodeId& peer, std::vector<NodeId>& ping, Actions& out);
  bool diverges(base::Instant now, const NodeId& id, Peer& peer, Actions& out);
  void schedule(const NodeId& id, Peer& peer, base::Instant at);
  void send(const NodeId& to, wire::Message message, Actions& out) const;
  void send(const NodeId& to, const Vectors::Messages& messages, Actions& out) const;
  base::Duration jittered(base::Duration base);
  base::Duration gap_after(int times) const;  // after so many exchanges without a result

  // Joins: reconciler.cc.
  bool is_below(const Peer& peer) const;  // and neither state has changed since
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
  std::uint64_t forgets_ = 0;  // turns in which the replica dropped changes
  std::map<NodeId, Peer> peers_;
  std::map<NodeId, Exchange> exchanges_;
  std::set<std::pair<base::Instant, NodeId>> due_;
  base::Duration quiet_gap_{0};
  base::Instant quiet_until_{INT64_MIN / 2};
  // The last peer whose state equalled ours.
  std::optional<std::pair<NodeId, crdt::StateHash>> equal_;
  std::optional<NodeId> sync_peer_;
  bool synchronised_ = false;
};

}  // namespace gossip
