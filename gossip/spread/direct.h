#pragma once

// The topology `direct`: every change goes from its origin to every living member and is not
// relayed. It is for meshes on one network, up to about two hundred members.

#include "gossip/spread/strategy.h"

namespace gossip {

class Direct : public Strategy {
 public:
  explicit Direct(std::size_t datagram_room) : datagram_room_(datagram_room) {}
  PushPlan originate(const std::vector<crdt::SealedChange>& own,
                     const Recipients& members) override;
  bool relies_on_relays() const override { return false; }

 private:
  std::size_t datagram_room_;
};

}  // namespace gossip
