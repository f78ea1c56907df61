#pragma once

// Looks after pushes of our own that rely on relays. Relays choose among the same members as we do:
// when many of ours are silent, theirs are too, and a change stops before it has reached all. So
// when fewer than three quarters of those that got a push have been heard since, the push goes to
// as many again, those heard last first, and so on until enough have been heard or nobody is left.
// A change then reaches the living in a few timeouts, however many others are silent (most of a
// site may have been switched off a moment ago). Where nothing is wrong it costs a ping to each of
// the first few. Example: of 100 members 90 vanish; waves of 4, 4, 8, 16, 32 and 36 reach the
// other 10.

#include <cstddef>
#include <vector>

#include "crdt/base/time.h"
#include "gossip/options.h"
#include "gossip/spread/strategy.h"

namespace gossip {

// Pushes that are looked after at one time, and what they hold; above: nobody looks, and what is
// missed is pulled.
inline constexpr std::size_t kWatchedMax = 8;
inline constexpr std::size_t kWatchedBytesMax = 1u << 20;
// So many of so many must have been heard: at 10 % loss three of four answer in 84 % of all pushes.
inline constexpr std::size_t kHeardEnough = 3;
inline constexpr std::size_t kHeardOf = 4;
inline constexpr std::size_t kWaveMax = 64;  // members that get a push again, a timeout

class PushWatch {
 public:
  explicit PushWatch(const Profile& profile) : profile_(profile) {}

  // False: not looked after. Two in one half of a timeout meet the same mesh, so one is enough.
  bool add(base::Instant now, const PushPlan& plan);
  // What is to be sent now, with a ping to each of its targets.
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
