#pragma once

// Messages of one call, gathered by where they go, so that what belongs together (an echo and the
// join it makes possible, an ack and a ping) rides in one datagram. Leaves sealing to Node.

#include <map>
#include <optional>
#include <vector>

#include "gossip/address.h"
#include "gossip/wire/packer.h"

namespace gossip {

// `node` unset: whoever holds the address.
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

  // The message must fit into an empty datagram: its author cuts it. `brief`: may go in a short
  // packet, because the receiver knows our start; a packet is short when all of its messages may.
  void add(const Target& to, const wire::Message& message, bool brief = false);
  std::vector<Packet> take();

 private:
  std::size_t datagram_bytes_max_;
  std::vector<Packet> packets_;            // in the order of their first message
  std::map<Target, std::size_t> filling_;  // the last packet of a target
};

}  // namespace gossip
