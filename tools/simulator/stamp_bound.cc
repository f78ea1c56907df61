#include "tools/simulator/stamp_bound.h"

#include <algorithm>
#include <limits>
#include <variant>

namespace simulation {
namespace {

constexpr std::int64_t kHour = 3'600'000'000'000;

std::int64_t newest_stamp(const agent::WriteRequest& request) {
  std::int64_t newest = std::numeric_limits<std::int64_t>::min() / 2;
  const auto* write = std::get_if<agent::WriteObject>(&request);
  if (!write) return newest;
  for (const crdt::Op& op : write->ops) {
    if (op.stamp) newest = std::max(newest, op.stamp->time.nanos);
  }
  return newest;
}

}  // namespace

bool must_look_new(const ClockSight& clock, const agent::WriteRequest& request) {
  return newest_stamp(request) > std::max(clock.wall_nanos, clock.latest_nanos) + kHour;
}

bool may_look_new(const ClockSight& clock, const agent::WriteRequest& request) {
  return newest_stamp(request) > std::min(clock.wall_nanos, clock.latest_nanos) + kHour;
}

}  // namespace simulation
