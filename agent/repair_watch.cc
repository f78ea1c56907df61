#include "agent/repair_watch.h"

namespace agent {

std::optional<Synchronised> RepairWatch::look(base::Instant now,
                                              const std::vector<gossip::MemberView>& members) {
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
    lonely_since_.reset();
    return std::nullopt;
  }
  if (!lonely_since_) lonely_since_ = now;
  if (now - *lonely_since_ < lonely_after_) return std::nullopt;
  return Synchronised{};
}

std::optional<DivergenceSeen> RepairWatch::find_source(
    const std::vector<gossip::MemberView>& members) {
  for (std::size_t i = 1; i < members.size(); ++i) {
    if (members[i].record.state == gossip::MemberState::kAlive) {
      return DivergenceSeen{members[i].record.node};
    }
  }
  return std::nullopt;
}

}  // namespace agent
