#pragma once

// What we do about one peer at this moment. It is in exactly one of five states, and only the
// transitions below lead from one to another:
//
//   InStep      no difference is known; nothing to do
//   Differs     a difference is known; Pacing says when an exchange may start
//   Exchanging  an exchange with the peer runs
//   BelowFloor  its log did not reach back to us; until one of us moves only a state join helps
//   Joining     a state join with the peer runs, which Joiner carries
//
// The last three remember a difference that is noticed meanwhile. So a peer cannot have an exchange
// and a join at one time. PeerState decides nothing, and the only time that it keeps is the start
// of the difference. Reconciler owns one for each peer and is the only caller.

#include <optional>
#include <variant>

#include "crdt/base/time.h"
#include "gossip/reconcile/exchange.h"
#include "gossip/reconcile/states.h"

namespace gossip {

class PeerState {
 public:
  // A difference was seen. It keeps its time while it lasts.
  void differs(base::Instant now);
  // The peer has said that its state equals ours: InStep, unless an exchange or a join runs.
  void equals();
  // The known difference no longer counts: the vectors were compared, or the two states have become
  // equal.
  void settle();

  Exchange& begin_exchange(bool cautious);
  void exchange_done();                    // InStep
  void exchange_broke(base::Instant now);  // Differs
  // From Differs. `at`: the two states for which the log did not reach back.
  void fell_below(const States& at);
  void begin_join();  // ends a running exchange; the peer is not told
  // A join with this peer has ended, or the replica could not begin it. Differs; an exchange that
  // runs goes on.
  void join_ended(base::Instant now);

  // Since when a difference is known. None: no difference is known.
  std::optional<base::Instant> differs_since() const;
  Exchange* exchange();  // null: none runs
  const Exchange* exchange() const;
  bool is_joining() const { return std::holds_alternative<Joining>(state_); }
  // BelowFloor, and neither of us has moved since.
  bool is_below(const std::optional<States>& now) const;

 private:
  using Since = std::optional<base::Instant>;
  struct InStep {};
  struct Differs {
    base::Instant since;
  };
  struct Exchanging {
    Since since;
    Exchange exchange;
  };
  struct BelowFloor {
    Since since;
    States at;
  };
  struct Joining {
    Since since;
  };
  std::variant<InStep, Differs, Exchanging, BelowFloor, Joining> state_;
};

}  // namespace gossip
