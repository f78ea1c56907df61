#include "gossip/reconcile/join_policy.h"

#include <algorithm>

namespace gossip {

void JoinPolicy::below_floor(base::Instant now) {
  if (!below_since_) below_since_ = now;
}

void JoinPolicy::ended(base::Instant now, bool merged, Backoff& backoff) {
  below_since_.reset();
  failures_ = merged ? 0 : failures_ + 1;
  if (merged) return;
  allowed_ = now + backoff.after(failures_);
  alarmed_.reset();
}

base::Instant JoinPolicy::ready(bool empty) const {
  if (empty || !below_since_) return allowed_;
  return std::max(allowed_, *below_since_ + options_.profile.ping_interval * kLogsFirst);
}

bool JoinPolicy::may_wait_for_others(base::Instant now) const {
  return below_since_ && now < *below_since_ + options_.exchange_timeout;
}

bool JoinPolicy::alarm(const States& states) {
  if (alarmed_ == states) return false;
  alarmed_ = states;
  return true;
}

}  // namespace gossip
