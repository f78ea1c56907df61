#pragma once

// Limits how much may happen in a time: `per_second` on average, and `burst` at once. It is the
// virtual scheduling form of a token bucket (GCRA): it keeps only the instant until which what was
// taken is paid for.

#include <algorithm>
#include <cstdint>

#include "crdt/base/time.h"

namespace gossip {

class RateLimit {
 public:
  // `per_second` is at least 1.
  RateLimit(std::size_t per_second, std::size_t burst)
      : per_second_(static_cast<std::int64_t>(per_second)),
        burst_(cost_of(static_cast<std::int64_t>(burst))) {}

  // False: it is too much now, and nothing was taken.
  bool take(base::Instant now, std::size_t amount) {
    const base::Instant until =
        std::max(paid_until_, now) + cost_of(static_cast<std::int64_t>(amount));
    if (until - now > burst_) return false;
    paid_until_ = until;
    return true;
  }

 private:
  base::Duration cost_of(std::int64_t amount) const {
    return base::seconds(1) * amount / per_second_;
  }

  std::int64_t per_second_;
  base::Duration burst_;
  base::Instant paid_until_{INT64_MIN / 2};
};

}  // namespace gossip
