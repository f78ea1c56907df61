#pragma once

// When we join the state of one peer instead of fetching changes. This is needed when the log of
// the peer does not reach back to us. The logs of other peers get a chance first: a log is cheaper,
// and after it the log of this peer may have all that is still missing. After each failed join the
// next one waits longer. JoinPolicy also remembers for which states the alarm of rule 8 was raised,
// because the alarm leads to a state join. Reconciler starts the join, Joiner carries it.

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
  // True while running exchanges with other peers may still make the join unnecessary.
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
