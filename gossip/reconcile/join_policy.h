#pragma once

// When we join the state of one peer, instead of fetching changes. The log of the peer does not
// reach back to us; the logs of other peers get a chance first, because a log is cheaper and after
// it the log of this peer may suffice for the rest. After a failed join the next one waits ever
// longer. Also remembers for which states the alarm of rule 8 was raised, because a state join
// follows from it. Joiner carries the join; Reconciler starts it.

#include <optional>

#include "crdt/base/time.h"
#include "gossip/options.h"
#include "gossip/reconcile/backoff.h"
#include "gossip/reconcile/states.h"

namespace gossip {

inline constexpr int kLogsFirst = 2;  // ping intervals for the logs of other peers before a join

class JoinPolicy {
 public:
  explicit JoinPolicy(const Options& options) : options_(options) {}

  void below_floor(base::Instant now);           // its log does not reach back to us
  void reached_back() { below_since_.reset(); }  // its log brought changes, or the states are equal
  void ended(base::Instant now, bool merged, Backoff& backoff);  // a join with this peer

  // The time from which a join may start. `empty`: we hold nothing, so no log can help.
  base::Instant ready(bool empty) const;
  // True while exchanges with other peers that run may still make the join unnecessary.
  bool may_wait_for_others(base::Instant now) const;
  base::Instant allowed() const { return allowed_; }  // no join before this time

  // Rule 8. False: the alarm was raised for these states, and no join has failed since.
  bool alarm(const States& states);

 private:
  const Options& options_;
  std::optional<base::Instant> below_since_;
  base::Instant allowed_{INT64_MIN / 2};
  int failures_ = 0;  // in a row
  std::optional<States> alarmed_;
};

}  // namespace gossip
