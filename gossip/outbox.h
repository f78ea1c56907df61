#pragma once

// Gathers the messages of one call by their target, so that messages which belong together share
// one datagram (the answer to a challenge and the join that it allows, an ack and a ping). Leaves
// sealing to Node.

#include <map>
#include <optional>
#include <vector>

#include "gossip/address.h"
#include "gossip/wire/packer.h"

namespace gossip {

// `node` unset: any node that has this address.
struct Target {
  Address address;
  std::optional<NodeId> node;
  auto operator<=>(const Target&) const = default;
};

class Outbox {
 public:
  struct Packet {
    Target to;
    wire::Packer messages;
    bool brief = true;
  };
  explicit Outbox(std::size_t datagram_bytes_max) : datagram_bytes_max_(datagram_bytes_max) {}

  // The message must fit into an empty datagram; its author cuts it. `brief`: the message may go in
  // a short packet, because the receiver knows our start. A packet is short when all its messages
  // may be.
  void add(const Target& to, const wire::Message& message, bool brief = false);
  std::vector<Packet> take();

 private:
  std::size_t datagram_bytes_max_;
  std::vector<Packet> packets_;            // in the order of their first message
  std::map<Target, std::size_t> filling_;  // the index of the last packet of a target
};

}  // namespace gossip
