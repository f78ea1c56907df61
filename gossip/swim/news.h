#pragma once

// What changed about members and is still to be told. Each piece rides on a bounded number of pings
// and acks (SWIM 4.1: a multiple of log N suffices), the least told first. One piece a member; the
// newest replaces the older one.

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "gossip/swim/member_table.h"

namespace gossip {

class News {
 public:
  void add(const NodeId& about);
  void drop(const NodeId& about);
  // The least told pieces, at most `count`; each is counted as told once more and dropped when
  // told often enough in a mesh of `members`.
  std::vector<NodeId> take(std::size_t count, std::size_t members);
  std::size_t size() const { return told_.size(); }

 private:
  std::map<NodeId, std::uint32_t> told_;
  std::set<std::pair<std::uint32_t, NodeId>> by_told_;
};

// kRetransmitFactor * ceil(log10(members + 1)). Four leaves one crash in a hundred known late.
inline constexpr std::uint32_t kRetransmitFactor = 6;
std::uint32_t retransmissions(std::size_t members);

}  // namespace gossip
