#pragma once

// How long a suspicion lasts before the suspect is dead (Lifeguard's LHA-Suspicion). The time is
// long while only one member accuses, and it gets shorter with each further accuser. It never falls
// below a minimum that grows with the logarithm of the number of members. Membership sends the
// messages and declares the death.

#include <array>
#include <cstddef>

#include "crdt/base/time.h"
#include "gossip/options.h"

namespace gossip {

inline constexpr std::size_t kConfirmationsMax = 2;  // further accusers that shorten a suspicion

// The shortest suspicion, in ping intervals, when no other member could confirm it.
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
  base::Instant deadline() const;  // the suspect is dead from then on, unless we hear it

 private:
  base::Instant since_;
  SuspicionTimes times_;
  std::array<NodeId, kConfirmationsMax + 1> accusers_{};
  std::size_t count_ = 1;
};

}  // namespace gossip
