#include "crdt/hybrid_time.h"

#include <algorithm>
#include <limits>

namespace crdt {
namespace {

// Times beyond this are wrong. Without the bound one bad message could move a host that does not
// trust its clock to the largest time, after which there is no later time.
constexpr std::int64_t kNanosMax = 7'258'118'400'000'000'000;  // the year 2200

// How far `time` is after `reference`; 0 if it is not after it. The result is unsigned: the
// difference of two times can exceed a signed number, because a wall clock may show anything.
std::uint64_t distance(std::int64_t time, std::int64_t reference) {
  if (time <= reference) return 0;
  return static_cast<std::uint64_t>(time) - static_cast<std::uint64_t>(reference);
}

bool ahead_by_more(std::int64_t time, std::int64_t reference, base::Duration drift) {
  return distance(time, reference) >
         static_cast<std::uint64_t>(std::max<std::int64_t>(drift.nanos, 0));
}

}  // namespace

HybridTime HybridTime::next() const {
  if (counter < std::numeric_limits<std::uint32_t>::max()) return {nanos, counter + 1};
  if (nanos < std::numeric_limits<std::int64_t>::max()) return {nanos + 1, 0};
  return *this;
}

HybridClock::HybridClock(HybridTime persisted, Options options)
    : latest_(persisted), options_(options) {}

HybridTime HybridClock::tick(const base::Now& now) {
  bool sane = now.wall_nanos <= kNanosMax;
  HybridTime wall{sane ? now.wall_nanos : kNanosMax, 0};
  latest_ = wall > latest_ ? wall : latest_.next();
  return latest_;
}

HybridClock::Merge HybridClock::merge(const base::Now& now, HybridTime remote) {
  if (remote.nanos > kNanosMax) return Merge::kAhead;
  if (trusts(now) && ahead_by_more(remote.nanos, now.wall_nanos, options_.drift)) {
    return Merge::kAhead;
  }
  latest_ = std::max(latest_, remote);
  return Merge::kMerged;
}

bool HybridClock::trusts(const base::Now& now) const {
  if (now.wall_nanos <= options_.build_nanos || now.wall_nanos > kNanosMax) return false;
  return now.wall_synchronised || !ahead_by_more(latest_.nanos, now.wall_nanos, options_.drift);
}

bool HybridClock::runs_ahead(const base::Now& now) const {
  return trusts(now) && ahead_by_more(latest_.nanos, now.wall_nanos, options_.drift);
}

std::int64_t HybridClock::offset_nanos(const base::Now& now) const {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::min(distance(latest_.nanos, now.wall_nanos), kMost));
}

void HybridClock::restart_from_wall(const base::Now& now) { latest_ = {now.wall_nanos, 0}; }

}  // namespace crdt
