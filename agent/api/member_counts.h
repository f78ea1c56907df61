#pragma once

// Counts members by the state that people see; each counts once, this agent included. Unreachable:
// alive by its record, but this agent hears nobody. Remembered: known only from an earlier run.

#include <cstdint>
#include <vector>

#include "gossip/member.h"

namespace agent {

struct MemberCounts {
  std::uint64_t alive = 0;
  std::uint64_t suspect = 0;
  std::uint64_t dead = 0;
  std::uint64_t left = 0;
  std::uint64_t unreachable = 0;
  std::uint64_t remembered = 0;
};

inline MemberCounts count_members(const std::vector<gossip::MemberView>& members) {
  MemberCounts counts;
  for (const gossip::MemberView& member : members) {
    gossip::MemberState state = member.record.state;
    if (member.unreachable) {
      ++counts.unreachable;
    } else if (member.remembered()) {
      ++counts.remembered;
    } else if (state == gossip::MemberState::kAlive) {
      ++counts.alive;
    } else if (state == gossip::MemberState::kSuspect) {
      ++counts.suspect;
    } else {
      ++(state == gossip::MemberState::kDead ? counts.dead : counts.left);
    }
  }
  return counts;
}

}  // namespace agent
