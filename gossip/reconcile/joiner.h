#pragma once

// Carries a state join (rule 6) between our replica and one peer. It brings the replica's queries
// to the peer and the peer's pages to the replica, one at a time; it does not read either. It
// guarantees that one join runs at a time, that a query without an answer is sent a bounded number
// of times, and that every join ends. The replica is told of every end that it did not cause
// itself. Reconciler decides when a join starts, and with which peer after a failure.

#include <map>
#include <optional>

#include "crdt/base/random.h"
#include "gossip/actions.h"
#include "gossip/options.h"
#include "gossip/reconcile/page_size.h"
#include "gossip/stats.h"
#include "gossip/swim/member_table.h"
#include "gossip/wire/message.h"

namespace gossip {

inline constexpr int kQueryTries = 3;  // of the same query; then the join ends

class Joiner {
 public:
  Joiner(const Options& options, const MemberTable& members, base::Random random, Stats& stats)
      : options_(options), members_(members), random_(random), stats_(stats) {}

  struct Ended {
    NodeId peer;
    bool merged = false;
  };
  void start(base::Instant now, const NodeId& peer, Actions& out);  // no other join may run
  std::optional<NodeId> peer() const;                               // of the running join

  // The next step of the replica. A join that the replica began by itself (rule 8) is carried as
  // well.
  std::optional<Ended> stored(base::Instant now, const JoinStep& step, Actions& out);
  std::optional<Ended> receive(base::Instant now, const NodeId& from,
                               const wire::SnapshotAnswer& page, Actions& out);
  // The session ended: asks again over a new one.
  void closed(base::Instant now, const NodeId& peer);
  std::optional<Ended> stop(base::Instant now, Actions& out);
  std::optional<Ended> advance(base::Instant now, Actions& out);
  base::Instant next_deadline() const;

 private:
  struct Running {
    NodeId peer;
    enum class Phase { kReplica, kPeer, kPause } phase = Phase::kReplica;  // what we wait for
    base::Bytes query;
    std::uint64_t request = 0;
    int tries = 0;  // of this query
    base::Instant deadline;
  };
  void ask(base::Instant now, Actions& out);
  std::optional<Ended> pause(base::Instant now, Actions& out);

  const Options& options_;
  const MemberTable& members_;
  base::Random random_;
  Stats& stats_;
  std::uint64_t requests_ = 0;
  std::optional<Running> join_;
  PageSize page_;  // kept between joins: one join may have too few tries to find it
  // The last join that we ended. A step of it may still be on its way from the replica.
  std::optional<std::pair<NodeId, base::Instant>> stopped_;
};

}  // namespace gossip
