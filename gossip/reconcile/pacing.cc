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
  bool compared = was_fruitless(difference.states, difference.drops);
  return compared ? std::max(ready, fruitless_->until) : ready;
}

bool Pacing::was_fruitless(const std::optional<States>& states, std::uint64_t drops) const {
  return fruitless_ && fruitless_->states == states && fruitless_->drops == drops;
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
  int times = was_fruitless(states, drops) ? fruitless_->times + 1 : 0;
  fruitless_ = {states, drops, times, now + backoff.after(times)};
  stalls_ = 0;
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
