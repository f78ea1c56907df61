#include "gossip/swim/suspicion.h"

#include <algorithm>

namespace gossip {
namespace {

// Thousandths of log10, linear between whole numbers of the leading digit. This is exact enough for
// a time, and the same with every compiler and library.
std::int64_t log10_millis(std::size_t number) {
  constexpr std::array<std::int64_t, 10> kDigits = {0,   301, 477, 602, 699,
                                                    778, 845, 903, 954, 1'000};
  std::int64_t decades = 0;
  std::size_t unit = 1;
  while (number / unit >= 10) {
    unit *= 10;
    ++decades;
  }
  if (number == 0) return 0;
  std::size_t digit = number / unit;
  auto part = static_cast<std::int64_t>((number % unit) * 1'000 / unit);
  std::int64_t low = kDigits[digit - 1];
  return decades * 1'000 + low + (kDigits[digit] - low) * part / 1'000;
}

// log(c + 1) / log(K + 1) in thousandths, for K = 2.
constexpr std::array<std::int64_t, kConfirmationsMax + 1> kShare = {0, 631, 1'000};

}  // namespace

SuspicionTimes suspicion_times(const Profile& profile, std::size_t members) {
  SuspicionTimes times;
  std::int64_t size = std::max<std::int64_t>(1'000, log10_millis(members));
  times.min = profile.ping_interval * profile.suspicion_tenths * size / 10'000;
  times.max = times.min * profile.suspicion_max_factor;
  // To confirm a suspicion there must be K members besides the suspect and ourselves.
  if (members < kConfirmationsMax + 2) {
    times.confirmations = 0;
    times.min = std::max(times.min, profile.ping_interval * kAloneIntervals);
  }
  return times;
}

Suspicion::Suspicion(base::Instant now, const NodeId& accuser, const SuspicionTimes& times)
    : since_(now), times_(times) {
  accusers_[0] = accuser;
}

bool Suspicion::confirm(const NodeId& accuser) {
  if (count_ > times_.confirmations) return false;
  auto end = accusers_.begin() + static_cast<std::ptrdiff_t>(count_);
  if (std::find(accusers_.begin(), end, accuser) != end) return false;
  accusers_[count_++] = accuser;
  return true;
}

base::Instant Suspicion::deadline() const {
  if (times_.confirmations == 0) return since_ + times_.min;
  base::Duration range = times_.max - times_.min;
  return since_ + times_.max - range / 1'000 * kShare[count_ - 1];
}

}  // namespace gossip
