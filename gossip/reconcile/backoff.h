#pragma once

// Random delays of reconciliation. Agents that failed at the same time do not try again at the same
// time, and a peer that fails again and again is asked less and less often. All of Reconciler uses
// one Backoff; each call draws one random number.

#include <algorithm>
#include <cstdint>

#include "crdt/base/random.h"
#include "gossip/options.h"

namespace gossip {

inline constexpr int kStallGapMax = 32;  // ping intervals until a stalled peer is asked

class Backoff {
 public:
  Backoff(const Profile& profile, base::Random random) : profile_(profile), random_(random) {}

  // Between `least` and twice `least`.
  base::Duration about(base::Duration least) {
    auto extra = random_.below(static_cast<std::uint64_t>(least.nanos + 1));
    return least + base::nanos(static_cast<std::int64_t>(extra));
  }
  // After so many tries without a result in a row: about 1, 2, 4, … ping intervals, at most
  // kStallGapMax.
  base::Duration after(int tries) {
    int gap = std::min(1 << std::min(tries, 10), kStallGapMax);
    return about(profile_.ping_interval * gap);
  }

 private:
  const Profile& profile_;
  base::Random random_;
};

}  // namespace gossip
