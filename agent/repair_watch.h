#pragma once

// Says when a repair can end or begin; this depends on the other members. After a database was set
// aside, its state comes from peers, and writes are refused. This ends when the state of a member
// equals ours, or when no member has been known for so long that we do not expect one.

#include <algorithm>
#include <optional>
#include <vector>

#include "agent/replica/requests.h"
#include "crdt/base/time.h"
#include "gossip/member.h"

namespace agent {

class RepairWatch {
 public:
  // `lonely_after`: after this time without any known member the agent goes on alone.
  explicit RepairWatch(base::Duration lonely_after) : lonely_after_(lonely_after) {}

  // Call it about once a second while the replica is fetching. The first of `members` is this
  // agent. Pass the result to the replica.
  std::optional<Synchronised> look(base::Instant now,
                                   const std::vector<gossip::MemberView>& members);
  // Call it while the replica reports damaged rows. Returns a living member from which the state
  // can be fetched, if there is one. The replica then gives up its rows.
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
  // A member that is away now may hold what we lost, so we wait for it. We go on alone only when no
  // member is known.
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
