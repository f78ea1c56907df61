#include "agent/replica/absence.h"

namespace agent {

void Absence::heard(base::Now now) {
  if (!context_.clock.trusts(now)) return;
  std::int64_t& last = context_.meta().heard;
  const base::Duration gap = base::nanos(now.wall_nanos - last);
  if (last > 0 && gap > kSilence) {
    silence_ = gap;
    ended_ = now.instant;
  }
  if (last == 0 || gap < base::Duration() || gap > kGrain) last = now.wall_nanos;
}

std::optional<base::Duration> Absence::before(base::Now now) const {
  if (now.instant - ended_ > kRecent) return std::nullopt;
  return silence_;
}

}  // namespace agent
