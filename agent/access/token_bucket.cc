#include "agent/access/token_bucket.h"

#include <algorithm>

namespace auth {
namespace {

constexpr std::int64_t kMinute = base::seconds(60).nanos;
constexpr std::int64_t kSecond = base::seconds(1).nanos;

}  // namespace

TokenBucket::TokenBucket(std::uint32_t per_minute, base::Instant now)
    : per_minute_(per_minute), level_(size()), filled_(now) {}

void TokenBucket::set_rate(std::uint32_t per_minute, base::Instant now) {
  fill(now);
  per_minute_ = per_minute;
  level_ = std::min(level_, size());
}

bool TokenBucket::take(base::Instant now) {
  fill(now);
  if (level_ < kMinute) return false;
  level_ -= kMinute;
  return true;
}

std::uint32_t TokenBucket::remaining() const {
  return static_cast<std::uint32_t>(level_ / kMinute);
}
std::uint32_t TokenBucket::seconds_until_full() const { return seconds_until(size()); }
std::uint32_t TokenBucket::seconds_until_one() const { return seconds_until(kMinute); }

// A minute fills any bucket. The bound keeps the product below 2^63: 6e10 ns * 1e6.
void TokenBucket::fill(base::Instant now) {
  if (now <= filled_) return;
  std::int64_t elapsed = std::min((now - filled_).nanos, kMinute);
  level_ = std::min(level_ + elapsed * per_minute_, size());
  filled_ = now;
}

std::int64_t TokenBucket::size() const { return kMinute * per_minute_; }

std::uint32_t TokenBucket::seconds_until(std::int64_t level) const {
  if (level_ >= level) return 0;
  std::int64_t a_second = kSecond * per_minute_;
  return static_cast<std::uint32_t>((level - level_ + a_second - 1) / a_second);
}

}  // namespace auth
