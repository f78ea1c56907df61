#pragma once

// Decides when an agent gives memory back: once after each period of work, when it has been at rest
// for a while. A little work (a scrape, a probe, a rare write) counts as rest. The driver asks
// every kRestLook and frees the memory.

#include <cstdint>

#include "crdt/base/time.h"

namespace agent {

inline constexpr base::Duration kRestLook = base::seconds(10);
inline constexpr std::uint64_t kRestWorkMax = 50;  // reads, writes and changes between looks

class RestWatch {
 public:
  // `work`: how much was done since the start. True: free memory now.
  bool is_due(std::uint64_t work) {
    std::uint64_t done = work - seen_;
    seen_ = work;
    if (done > kRestWorkMax) {
      worked_ = true;
      return false;
    }
    bool due = worked_;
    worked_ = false;
    return due;
  }

 private:
  std::uint64_t seen_ = 0;
  bool worked_ = true;  // a start counts as work: it reads much
};

}  // namespace agent
