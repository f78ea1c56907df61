#include "gossip/outbox.h"

#include <utility>

#include "crdt/base/check.h"

namespace gossip {

void Outbox::add(const Target& to, const wire::Message& message, bool brief) {
  base::Bytes encoded = wire::encode(message);
  auto filling = filling_.find(to);
  if (filling != filling_.end() && packets_[filling->second].messages.add(encoded)) {
    packets_[filling->second].brief &= brief;
    return;
  }
  packets_.push_back({to, wire::Packer(datagram_bytes_max_), brief});
  CHECK(packets_.back().messages.add(std::move(encoded)));
  filling_.insert_or_assign(to, packets_.size() - 1);
}

std::vector<Outbox::Packet> Outbox::take() {
  filling_.clear();
  return std::exchange(packets_, {});
}

}  // namespace gossip
