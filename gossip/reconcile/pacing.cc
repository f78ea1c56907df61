#include "gossip/reconcile/pacing.h"

#include <algorithm>

namespace gossip {

// Rule 3: what the peer claims is on its medium. Our own changes may still be on the way to our
// medium. So the grace counts from the time when our claim last moved. Constant writes may stretch
// the grace up to kGraceStretch times, but not for ever.
base::Instant Pacing::ready(const Difference& difference, const QuietGap& quiet) const {
  base::Duration grace = profile_.grace;
  base::Instant settled = std::min(difference.ours_moved, difference.since + grace * kGraceStretch);
  base::Instant ready =
      std::max({allowed_, difference.since + grace, settled + grace, quiet.until()});
  bool compared = fruitless_ && fruitless_->states == difference.states &&
                  fruitless_->drops == difference.drops;
  return compared ? std::max(ready, fruitless_until_) : ready;
}

base::Instant Pacing::stalled(base::Instant now, Backoff& backoff) {
  ++stalls_;
  return allowed_ = now + backoff.after(stalls_);
}

base::Instant Pacing::put_off(base::Instant now, Backoff& backoff) {
  return allowed_ = now + backoff.about(profile_.ping_interval);
}

void Pacing::found_nothing(base::Instant now, const States& states, std::uint64_t drops,
                           Backoff& backoff) {
  Fruitless found{states, drops};
  stalls_ = fruitless_ == found ? stalls_ + 1 : 0;
  fruitless_ = found;
  fruitless_until_ = now + backoff.after(stalls_);
}

void QuietGap::started(base::Instant now) {
  if (now - until_ > profile_.ping_interval * kQuietGapMax) gap_ = {0};
  until_ = now + gap_;
}

void QuietGap::fetched(base::Instant now) {
  gap_ = {0};
  until_ = now;
}

void QuietGap::done(base::Instant now, bool fetched) {
  base::Duration longest = profile_.ping_interval * kQuietGapMax;
  if (!fetched) gap_ = std::min(std::max(profile_.ping_interval / 2, gap_ * 2), longest);
  until_ = now + gap_;
}

}  // namespace gossip
