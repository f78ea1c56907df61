#pragma once

// When changes of others, committed but not on the medium, are flushed (rule 3): once nothing has
// come for kFlushQuiet, at the latest with the first turn after kFlushAfter. One flush does for a
// burst (docs/decisions/0002). The drivers wait and flush, this decides.

#include <algorithm>

#include "crdt/base/time.h"

namespace agent {

inline constexpr base::Duration kFlushQuiet = base::millis(50);
inline constexpr base::Duration kFlushAfter = base::seconds(1);

class FlushWatch {
 public:
  // Call it after every turn, and with `quiet` when kFlushQuiet has passed without one. `unsynced`:
  // what the replica says. True: flush now.
  bool is_due(base::Instant now, bool unsynced, bool quiet) {
    base::Instant since = std::min(since_, now);
    bool due = unsynced && (quiet || now - since >= kFlushAfter);
    since_ = unsynced && !due ? since : base::Instant::never();
    return due;
  }

 private:
  base::Instant since_ = base::Instant::never();  // not all is on the medium
};

}  // namespace agent
