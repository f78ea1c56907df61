#include "gossip/swim/member_table.h"

namespace gossip {

MemberState Member::state() const {
  if (record.state == MemberState::kLeft) return MemberState::kLeft;
  return silent ? MemberState::kDead : MemberState::kAlive;
}

MemberRecord Member::view() const {
  MemberRecord seen = record;
  seen.state = state();
  return seen;
}

Member* MemberTable::find(const NodeId& node) {
  auto found = members_.find(node);
  return found == members_.end() ? nullptr : &found->second;
}

const Member* MemberTable::find(const NodeId& node) const {
  auto found = members_.find(node);
  return found == members_.end() ? nullptr : &found->second;
}

Member* MemberTable::insert(base::Instant now, const MemberRecord& record,
                            std::optional<NodeId>& evicted) {
  if (members_.size() >= members_max_) {
    auto gives_way = members_.end();
    for (auto it = members_.begin(); it != members_.end(); ++it) {
      if (it->second.is_alive()) continue;
      bool older = gives_way == members_.end() || it->second.heard < gives_way->second.heard;
      if (older) gives_way = it;
    }
    if (gives_way == members_.end()) return nullptr;
    evicted = gives_way->first;
    members_.erase(gives_way);
  }
  Member& member = members_[record.node];
  member.record = record;
  member.heard = now;
  return &member;
}

const Member* MemberTable::after(NodeId& cursor) const {
  if (members_.empty()) return nullptr;
  auto next = members_.upper_bound(cursor);
  if (next == members_.end()) next = members_.begin();
  cursor = next->first;
  return &next->second;
}

}  // namespace gossip
