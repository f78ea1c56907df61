#pragma once

// How long a suspicion is held before the suspect is dead (Lifeguard's LHA-Suspicion): long while
// one member accuses, shorter with each further accuser, never below a minimum that grows with the
// logarithm of the mesh. Leaves sending and judging to Membership.

#include <array>
#include <cstddef>

#include "crdt/base/time.h"
#include "gossip/options.h"

namespace gossip {

inline constexpr std::size_t kConfirmationsMax = 2;  // further accusers that shorten it

inline constexpr int kAloneIntervals = 2;  // at least, where nobody could confirm it

// Of a mesh of `members`, ourselves included.
struct SuspicionTimes {
  base::Duration min;
  base::Duration max;
  std::size_t confirmations = kConfirmationsMax;  // 0: too few members, `min` holds at once
};
SuspicionTimes suspicion_times(const Profile& profile, std::size_t members);

class Suspicion {
 public:
  Suspicion(base::Instant now, const NodeId& accuser, const SuspicionTimes& times);
  // True for an accuser that is new and counts: it is worth telling on.
  bool confirm(const NodeId& accuser);

  base::Instant since() const { return since_; }
  base::Instant deadline() const;  // dead from here on, unless it speaks

 private:
  base::Instant since_;
  SuspicionTimes times_;
  std::array<NodeId, kConfirmationsMax + 1> accusers_{};
  std::size_t count_ = 1;
};

}  // namespace gossip
