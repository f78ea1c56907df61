#include "gossip/spread/direct.h"

#include <utility>

namespace gossip {
namespace {

constexpr std::size_t kPushFraming = 16;  // of a Push message around its changes, at most

using Changes = std::vector<const crdt::SealedChange*>;

// Batches of whole changes, in order, each with at most `room` bytes unless one change is larger.
std::vector<PushBatch> cut(const Changes& changes, std::size_t room, bool fits_datagram) {
  std::vector<PushBatch> batches;
  wire::Push push;
  std::size_t bytes = kPushFraming;
  auto close = [&] {
    if (push.changes.empty()) return;
    std::size_t count = push.changes.size();
    batches.push_back({wire::encode(std::exchange(push, {})), count, fits_datagram});
    bytes = kPushFraming;
  };
  for (const crdt::SealedChange* change : changes) {
    std::size_t cost = wire::encoded_size(change->bytes);
    bool full = push.changes.size() >=
                (fits_datagram ? wire::kChangesPerDatagramMessage : wire::kChangesPerMessage);
    if (full || bytes + cost > room) close();
    bytes += cost;
    push.changes.push_back(change->bytes);
  }
  close();
  return batches;
}

}  // namespace

PushPlan Direct::originate(const std::vector<crdt::SealedChange>& own, std::vector<Target> alive) {
  PushPlan plan{{}, std::move(alive)};
  Changes small;
  Changes large;
  for (const crdt::SealedChange& change : own) {
    bool fits = kPushFraming + wire::encoded_size(change.bytes) <= datagram_room_;
    (fits ? small : large).push_back(&change);
  }
  plan.batches = cut(small, datagram_room_, true);
  if (plan.batches.size() > kPushDatagramsMax) {
    plan.batches.clear();
    large.clear();
    for (const crdt::SealedChange& change : own) large.push_back(&change);
  }
  for (PushBatch& batch : cut(large, kPushFrameBytes, false)) {
    plan.batches.push_back(std::move(batch));
  }
  return plan;
}

std::unique_ptr<Strategy> make_strategy(Topology topology, std::size_t datagram_room) {
  if (topology == Topology::kDirect) return std::make_unique<Direct>(datagram_room);
  return nullptr;
}

}  // namespace gossip
