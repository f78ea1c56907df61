#pragma once

// How long a suspicion lasts before the suspect is dead (Lifeguard's LHA-Suspicion): long while one
// member accuses, shorter with each further accuser, never below a minimum that grows with the
// logarithm of the number of members. Leaves sending and judging to Membership.

#include <array>
#include <cstddef>

#include "crdt/base/time.h"
#include "gossip/options.h"

namespace gossip {

inline constexpr std::size_t kConfirmationsMax = 2;  // further accusers that shorten a suspicion

// The shortest suspicion where nobody could confirm it.
inline constexpr int kAloneIntervals = 2;

// The times for a mesh of `members`, ourselves included.
struct SuspicionTimes {
  base::Duration min;
  base::Duration max;
  std::size_t confirmations = kConfirmationsMax;  // 0: too few members, `min` holds at once
};
SuspicionTimes suspicion_times(const Profile& profile, std::size_t members);

class Suspicion {
 public:
  Suspicion(base::Instant now, const NodeId& accuser, const SuspicionTimes& times);
  // True if this accuser is new and counts. Then the news is worth spreading.
  bool confirm(const NodeId& accuser);

  base::Instant since() const { return since_; }
  base::Instant deadline() const;  // the suspect is dead from here on, unless we hear it

 private:
  base::Instant since_;
  SuspicionTimes times_;
  std::array<NodeId, kConfirmationsMax + 1> accusers_{};
  std::size_t count_ = 1;
};

}  // namespace gossip
