#pragma once

// Members by what a person takes them for; each counts once, this agent too. Who is alive by its
// record while this agent hears nobody is unreachable, who is known from an earlier run alone is
// remembered.

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
