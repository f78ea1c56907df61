#include "gossip/spread/direct.h"

namespace gossip {

PushPlan Direct::originate(const std::vector<crdt::SealedChange>& own, const Recipients& members) {
  std::vector<const crdt::SealedChange*> changes;
  for (const crdt::SealedChange& change : own) changes.push_back(&change);
  return {cut_into_batches(changes, wire::Passing::kNone, datagram_room_), members.all()};
}

}  // namespace gossip
