#pragma once

// Changes of members that we still send to others. Each piece of news is sent on a bounded number
// of pings and acks (SWIM 4.1: a multiple of log N suffices), the least sent first. There is one
// piece for each member; a newer one replaces it.

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
  // At most `count` pieces, the least sent first. Each counts as sent once more. It is dropped when
  // it was sent often enough for a mesh of `members`.
  std::vector<NodeId> take(std::size_t count, std::size_t members);
  std::size_t size() const { return told_.size(); }

 private:
  std::map<NodeId, std::uint32_t> told_;
  std::set<std::pair<std::uint32_t, NodeId>> by_told_;
};

// kRetransmitFactor * ceil(log10(members + 1)). With a factor of 4 one crash in a hundred becomes
// known late.
inline constexpr std::uint32_t kRetransmitFactor = 6;
std::uint32_t retransmissions(std::size_t members);

}  // namespace gossip
