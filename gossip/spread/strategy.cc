#include "gossip/spread/strategy.h"

#include "gossip/spread/direct.h"
#include "gossip/spread/push_pull.h"

namespace gossip {

std::unique_ptr<Strategy> make_strategy(const NodeId& self, const Options& options,
                                        std::size_t datagram_room, base::Random random) {
  switch (options.topology) {
    case Topology::kDirect:
      return std::make_unique<Direct>(datagram_room);
    case Topology::kPushPull:
      return std::make_unique<PushPull>(self, options, datagram_room, random);
    case Topology::kGossip:
    case Topology::kTree:
      return nullptr;
  }
  return nullptr;
}

}  // namespace gossip
