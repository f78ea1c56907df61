#include "gossip/spread/push_pull.h"

namespace gossip {

PushPull::PushPull(const NodeId& self, const Options& options, std::size_t datagram_room,
                   base::Random random)
    : self_(self),
      fan_out_(options.fan_out),
      relay_bytes_max_(options.relay_bytes_max),
      datagram_room_(datagram_room),
      random_(random) {}

PushPlan PushPull::originate(const std::vector<crdt::SealedChange>& own,
                             const Recipients& members) {
  std::vector<const crdt::SealedChange*> changes;
  for (const crdt::SealedChange& change : own) changes.push_back(&change);
  return {cut_into_batches(changes, wire::Passing::kRelay, datagram_room_), pick(members, nullptr)};
}

bool PushPull::may_relay(const std::vector<const crdt::SealedChange*>& fresh) const {
  std::size_t bytes = 0;
  for (const crdt::SealedChange* change : fresh) bytes += change->bytes.size();
  return bytes <= relay_bytes_max_;
}

PushPlan PushPull::relay(const std::vector<const crdt::SealedChange*>& fresh, const NodeId& giver,
                         const Recipients& members) {
  std::vector<const crdt::SealedChange*> first_time;
  for (const crdt::SealedChange* change : fresh) {
    if (remember(*change)) first_time.push_back(change);
  }
  if (first_time.empty()) return {};
  return {cut_into_batches(first_time, wire::Passing::kRelay, datagram_room_),
          pick(members, &giver)};
}

// The replica may drop a change that waits for another change. The change is then new when it comes
// again, on all members at the same time. Without this memory its copies would multiply with every
// hop.
bool PushPull::remember(const crdt::SealedChange& change) {
  Key key{change.actor, change.seq, change.hash};
  if (!relayed_.insert(key).second) return false;
  relayed_in_order_.push_back(key);
  if (relayed_in_order_.size() > kRelayedMax) {
    relayed_.erase(relayed_in_order_.front());
    relayed_in_order_.pop_front();
  }
  return true;
}

std::vector<Target> PushPull::pick(const Recipients& members, const NodeId* giver) {
  std::vector<NodeId> chosen;
  if (fan_out_ == 0) return {};
  std::optional<NodeId> next = members.next_after(self_);
  // If the giver is the next member on the ring, it has the change already. Then one more member is
  // drawn at random.
  if (next && (giver == nullptr || *next != *giver)) chosen.push_back(*next);
  members.draw(fan_out_, giver, random_, chosen);
  return members.targets_of(chosen);
}

}  // namespace gossip
