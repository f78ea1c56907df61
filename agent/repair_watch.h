#pragma once

// What a repair needs to know of the mesh. After a database was set aside its state comes from
// peers, and writes wait. This decides when they have waited enough: when a member's state equals
// ours, or when no member has been known for so long that none is expected.

#include <algorithm>
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
  base::Instant lonely_since_ = base::Instant::never();
};

inline std::optional<Synchronised> RepairWatch::look(
    base::Instant now, const std::vector<gossip::MemberView>& members) {
  std::size_t known = 0;
  for (std::size_t i = 1; i < members.size(); ++i) {
    const gossip::MemberView& member = members[i];
    if (member.in_step && member.record.state == gossip::MemberState::kAlive) {
      return Synchronised{member.record.node};
    }
    if (member.record.state != gossip::MemberState::kLeft) ++known;
  }
  // A member that is away for now may hold what we lost: only an empty mesh is no reason to wait.
  if (known > 0) {
    lonely_since_ = base::Instant::never();
    return std::nullopt;
  }
  lonely_since_ = std::min(lonely_since_, now);
  if (now - lonely_since_ < lonely_after_) return std::nullopt;
  return Synchronised{};
}

inline std::optional<DivergenceSeen> RepairWatch::find_source(
    const std::vector<gossip::MemberView>& members) {
  for (std::size_t i = 1; i < members.size(); ++i) {
    if (members[i].record.state == gossip::MemberState::kAlive) {
      return DivergenceSeen{members[i].record.node};
    }
  }
  return std::nullopt;
}

}  // namespace agent
