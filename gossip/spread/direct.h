#pragma once

// The topology `direct`: every change goes from its origin to every living member. For meshes on
// one network, up to some two hundred members.

#include "gossip/spread/strategy.h"

namespace gossip {

// A turn with more small changes than fit here goes over sessions, which do not overflow.
inline constexpr std::size_t kPushDatagramsMax = 8;
inline constexpr std::size_t kPushFrameBytes = 256 * 1024;  // aimed at; a change is never cut

class Direct : public Strategy {
 public:
  explicit Direct(std::size_t datagram_room) : datagram_room_(datagram_room) {}
  PushPlan originate(const std::vector<crdt::SealedChange>& own,
                     std::vector<Target> alive) override;

 private:
  std::size_t datagram_room_;
};

}  // namespace gossip
