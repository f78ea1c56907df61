#pragma once

// How many requests one key may still send. The bucket begins full, with the requests of a minute,
// and fills evenly. All arithmetic is in whole numbers: nothing is lost or gained by rounding,
// however often it is asked.

#include <cstdint>

#include "crdt/base/time.h"

namespace auth {

class TokenBucket {
 public:
  TokenBucket(std::uint32_t per_minute, base::Instant now);  // per_minute: 1 to kRateMax
  // Another rate, for example after a reload. What is in the bucket stays, up to its new size.
  void set_rate(std::uint32_t per_minute, base::Instant now);

  // Takes one request; false: there is none. Time that goes back counts as no time.
  bool take(base::Instant now);

  std::uint32_t per_minute() const { return per_minute_; }
  // As of the last take().
  std::uint32_t remaining() const;
  std::uint32_t seconds_until_full() const;  // rounded up
  std::uint32_t seconds_until_one() const;   // rounded up; 0 when remaining() > 0

 private:
  void fill(base::Instant now);
  std::int64_t size() const;
  std::uint32_t seconds_until(std::int64_t level) const;

  std::uint32_t per_minute_;
  std::int64_t level_;  // one request is the nanoseconds of a minute, so a nanosecond adds the rate
  base::Instant filled_;
};

}  // namespace auth
