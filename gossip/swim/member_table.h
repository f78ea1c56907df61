#pragma once

// Every member we know of, by node id: what its subject says of itself, and what we observe. Merges
// records by incarnation. Bounded: when full, a member that left or fell silent gives way to a new
// one; if there is none the new one is refused.

#include <array>
#include <map>
#include <optional>

#include "crdt/base/time.h"
#include "gossip/member.h"

namespace gossip {

struct SentPing {
  std::uint64_t token = 0;
  base::Instant at;
};

struct Member {
  // As told by its subject: alive or left. Never our own judgement, which is `silent`.
  MemberRecord record;
  bool silent = false;      // dead for us; retried
  bool introduced = false;  // has answered a ping that carried our own record to its present start
  base::Instant heard;      // last authenticated datagram or frame, or when it was learned
  std::optional<base::Duration> rtt;

  // Of the probe: since when, and how often, we asked without any sign of life.
  base::Instant asked = base::Instant::never();
  std::uint32_t unanswered = 0;
  base::Instant due = base::Instant::never();  // next ping or judgement
  base::Instant revisited{INT64_MIN / 2};      // when somebody's word last made us ask a silent one
  std::array<SentPing, 3> pings{};             // to measure the round trip

  MemberState state() const;
  bool is_alive() const { return state() == MemberState::kAlive; }
  MemberRecord view() const;  // the record with our judgement
};

class MemberTable {
 public:
  explicit MemberTable(std::size_t members_max) : members_max_(members_max) {}

  Member* find(const NodeId& node);
  const Member* find(const NodeId& node) const;
  // Null when the table is full of living members. `evicted`, if set, gave way.
  Member* insert(base::Instant now, const MemberRecord& record, std::optional<NodeId>& evicted);

  const std::map<NodeId, Member>& all() const { return members_; }
  std::map<NodeId, Member>& all() { return members_; }
  std::size_t size() const { return members_.size(); }
  // The next member in id order after `cursor`, round and round; null only when empty.
  const Member* after(NodeId& cursor) const;

 private:
  std::size_t members_max_;
  std::map<NodeId, Member> members_;
};

}  // namespace gossip
