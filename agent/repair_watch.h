#pragma once

// What a repair needs to know of the mesh. After a database was set aside its state comes from
// peers, and writes wait. This decides when they have waited enough: when a member's state equals
// ours, or when no member has been known for so long that none is expected.

#include <optional>
#include <vector>

#include "agent/replica/requests.h"
#include "crdt/base/time.h"
#include "gossip/member.h"

namespace agent {

class RepairWatch {
 public:
  // `lonely_after`: how long without a member before this agent goes on alone.
  explicit RepairWatch(base::Duration lonely_after) : lonely_after_(lonely_after) {}

  // Call it while the replica says that it is fetching, about once a second. `members`: itself
  // first. What it returns goes to the replica.
  std::optional<Synchronised> look(base::Instant now,
                                   const std::vector<gossip::MemberView>& members);
  // While the replica says that rows are damaged: somebody to fetch the state from, if anybody is
  // there. The replica then gives up its rows.
  static std::optional<DivergenceSeen> find_source(const std::vector<gossip::MemberView>& members);

 private:
  base::Duration lonely_after_;
  std::optional<base::Instant> lonely_since_;
};

}  // namespace agent
