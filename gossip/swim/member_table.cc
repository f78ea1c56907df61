#include "gossip/swim/member_table.h"

#include <algorithm>

#include "crdt/base/check.h"
#include "crdt/base/hash.h"

namespace gossip {

Member* MemberTable::find(const NodeId& node) {
  auto found = members_.find(node);
  return found == members_.end() ? nullptr : &found->second;
}

const Member* MemberTable::find(const NodeId& node) const {
  auto found = members_.find(node);
  return found == members_.end() ? nullptr : &found->second;
}

Address MemberTable::address_of(const NodeId& node) const {
  const Member* member = find(node);
  return member == nullptr ? Address{} : member->record.address;
}

const Member* MemberTable::find_prefix(const std::array<unsigned char, 8>& prefix) const {
  NodeId first;
  std::copy(prefix.begin(), prefix.end(), first.bytes.begin());
  auto found = members_.lower_bound(first);
  if (found == members_.end()) return nullptr;
  bool same = std::equal(prefix.begin(), prefix.end(), found->first.bytes.begin());
  return same ? &found->second : nullptr;
}

Member* MemberTable::insert(base::Instant now, const MemberRecord& record, bool itself,
                            std::optional<MemberRecord>& evicted) {
  if (members_.size() >= members_max_) {
    bool displaces = itself && gone_.empty();
    const auto& those = displaces ? hearsay_ : gone_;
    if (those.empty()) return nullptr;
    auto gives_way = members_.find(those.begin()->second);
    evicted = gives_way->second.record;
    leave(gives_way->second);
    members_.erase(gives_way);
  }
  Member& member = members_[record.node];
  member.record = record;
  member.heard_ourselves = itself;
  member.heard = now;
  enter(now, member);
  return &member;
}

void MemberTable::change(base::Instant now, Member& member, const MemberRecord& record) {
  CHECK(member.record.node == record.node);
  base::Instant since = member.gone_since_;
  bool was_gone = !member.is_alive();
  leave(member);
  member.record = record;
  if (!member.is_alive()) member.vouched = false;
  enter(was_gone && !member.is_alive() ? since : now, member);
}

void MemberTable::heard(base::Instant now, Member& member) {
  member.heard = now;
  member.unanswered = 0;
  if (member.heard_ourselves) return;
  leave(member);
  member.heard_ourselves = true;
  enter(now, member);
}

void MemberTable::erase(const NodeId& node) {
  auto member = members_.find(node);
  CHECK(member != members_.end());
  leave(member->second);
  members_.erase(member);
}

std::vector<NodeId> MemberTable::gone_before(base::Instant at) const {
  std::vector<NodeId> out;
  for (const auto& [since, node] : gone_) {
    if (since > at) break;
    out.push_back(node);
  }
  return out;
}

void MemberTable::vouch(base::Instant now, Member& member) {
  leave(member);
  member.vouched = true;
  enter(now, member);
}

void MemberTable::enter(base::Instant now, Member& member) {
  const NodeId& node = member.record.node;
  member.gone_since_ = now;
  if (!member.is_alive()) {
    gone_.insert({now, node});
    if (member.state() != MemberState::kDead) return;
    bool known = member.heard_ourselves || member.record.incarnation == 0;
    (known ? dead_ : dead_hearsay_).insert(node);
  } else if (!member.met()) {
    hearsay_.insert({now, node});
  } else {
    member.place_ = living_.size();
    living_.push_back(node);
    ring_.insert(node);
    member.hash_ = hash_of(member.record);
    hash_ += member.hash_;
  }
}

void MemberTable::leave(Member& member) {
  const NodeId& node = member.record.node;
  if (!member.is_alive()) {
    gone_.erase({member.gone_since_, node});
    dead_.erase(node);
    dead_hearsay_.erase(node);
  } else if (!member.met()) {
    hearsay_.erase({member.gone_since_, node});
  } else {
    NodeId last = living_.back();
    living_[member.place_] = last;
    living_.pop_back();
    if (last != node) members_.at(last).place_ = member.place_;
    ring_.erase(node);
    hash_ -= member.hash_;
  }
}

NodeId MemberTable::living_after(const NodeId& node) const {
  CHECK(!ring_.empty());
  auto next = ring_.upper_bound(node);
  return next == ring_.end() ? *ring_.begin() : *next;
}

const Member* MemberTable::after(NodeId& cursor) const {
  if (members_.empty()) return nullptr;
  auto next = members_.upper_bound(cursor);
  if (next == members_.end()) next = members_.begin();
  cursor = next->first;
  return &next->second;
}

std::uint64_t MemberTable::hash_of(const MemberRecord& record) {
  base::Bytes bytes(record.node.view());
  base::append_be64(bytes, record.incarnation);
  base::append_be64(bytes, record.start);
  auto hash = base::hash128(bytes);
  return base::read_be64(reinterpret_cast<const char*>(hash.data()));
}

}  // namespace gossip
