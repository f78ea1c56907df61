#include "agent/api/sync_meter.h"

namespace agent {
namespace {

constexpr std::int64_t kConflictUnit = base::seconds(300).nanos;
constexpr std::int64_t kMergeUnit = base::seconds(5).nanos;
// The present unit is not over, so a unit more than an hour or a minute is kept.
constexpr double kMergeSeconds = 60;

}  // namespace

void SyncMeter::add(const base::Now& now, const std::vector<Merge>& merges) {
  for (const Merge& merge : merges) {
    count(meter_of(merge.object), now, merge);
    count(all_, now, merge);
    any_ = true;
  }
}

void SyncMeter::count(Meter& meter, const base::Now& now, const Merge& merge) {
  meter.lag_nanos = merge.lag_nanos;
  meter.wall_nanos = now.wall_nanos;
  meter.conflicts.add(now.instant.nanos / kConflictUnit, merge.conflicts);
  meter.merges.add(now.instant.nanos / kMergeUnit, merge.changes);
}

SyncMeter::Meter& SyncMeter::meter_of(const std::string& object) {
  auto [place, fresh] = meters_.try_emplace(object);
  if (fresh) {
    if (meters_.size() > kMeteredObjectsMax) {
      meters_.erase(order_.front());
      order_.pop_front();
    }
    place->second.turn = order_.insert(order_.end(), object);
  } else {
    order_.splice(order_.end(), order_, place->second.turn);
  }
  return place->second;
}

SyncFigures SyncMeter::figures(base::Instant now, const std::string& object) const {
  SyncFigures figures;
  const auto found = meters_.find(object);
  if (object.empty() ? !any_ : found == meters_.end()) return figures;
  const Meter& meter = object.empty() ? all_ : found->second;
  figures.lag_nanos = meter.lag_nanos;
  figures.last_wall_nanos = meter.wall_nanos;
  figures.conflicts_last_hour = meter.conflicts.sum(now.nanos / kConflictUnit);
  figures.merges_per_second =
      static_cast<double>(meter.merges.sum(now.nanos / kMergeUnit)) / kMergeSeconds;
  return figures;
}

}  // namespace agent
