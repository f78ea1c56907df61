#pragma once

// Watches our own pushes that rely on relays. Relays choose among the same members as we do: when
// many of our targets are silent, many of theirs are too, and a change stops before it has reached
// all. So if fewer than three quarters of the targets are heard afterwards, the push goes to the
// same number of further members, the most recently heard first. This repeats until enough targets
// have been heard or no member is left. So a change reaches the living members within a few
// timeouts, however many members are silent. If nothing is wrong, it costs one ping to each of the
// first targets. Example: of 100 members 90 vanish at once. Waves of 4, 4, 8, 16, 32 and 35 targets
// reach the others.

#include <cstddef>
#include <vector>

#include "crdt/base/time.h"
#include "gossip/options.h"
#include "gossip/spread/strategy.h"

namespace gossip {

// The most pushes that are watched at one time, and their bytes. A further push is not watched;
// what it misses is pulled.
inline constexpr std::size_t kWatchedMax = 8;
inline constexpr std::size_t kWatchedBytesMax = 1u << 20;
// The part of the targets that must be heard. At 10 % loss three of four answer in 84 % of pushes.
inline constexpr std::size_t kHeardEnough = 3;
inline constexpr std::size_t kHeardOf = 4;
inline constexpr std::size_t kWaveMax = 64;  // further members that get a push, in one timeout

class PushWatch {
 public:
  explicit PushWatch(const Profile& profile) : profile_(profile) {}

  // False: the push is not watched. A second push within half a timeout would find the same silent
  // members, so one is enough.
  bool add(base::Instant now, const PushPlan& plan);
  // The pushes to send now. The caller also pings each of their targets.
  std::vector<PushPlan> due(base::Instant now, const MemberTable& members);
  base::Instant next_deadline() const;
  void clear() { watched_.clear(); }

 private:
  struct Tried {
    NodeId node;
    base::Instant at;
  };
  struct Watched {
    std::vector<PushBatch> batches;
    std::size_t bytes = 0;
    std::vector<Tried> tried;
    base::Instant next;
  };
  std::vector<NodeId> next_wave(const Watched& push, const MemberTable& members) const;

  const Profile& profile_;
  base::Instant added_{INT64_MIN / 2};
  std::vector<Watched> watched_;
};

}  // namespace gossip
