#include "gossip/spread/batches.h"

#include <utility>

#include "gossip/wire/packer.h"

namespace gossip {
namespace {

// The bytes of a Push message without its changes, at most.
constexpr std::size_t kPushFraming = 16;

using Changes = std::vector<const crdt::SealedChange*>;

// Batches of whole changes, in order, each with at most `room` bytes unless one change is larger.
std::vector<PushBatch> cut(const Changes& changes, wire::Passing passing, std::size_t room,
                           bool fits_datagram) {
  std::vector<PushBatch> batches;
  wire::Push push{{}, passing};
  std::size_t bytes = kPushFraming;
  auto close = [&] {
    if (push.changes.empty()) return;
    batches.push_back({wire::encode(push), push.changes.size(), fits_datagram});
    push.changes.clear();
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

std::vector<PushBatch> cut_into_batches(const Changes& changes, wire::Passing passing,
                                        std::size_t datagram_room) {
  Changes small;
  Changes large;
  for (const crdt::SealedChange* change : changes) {
    bool fits = kPushFraming + wire::encoded_size(change->bytes) <= datagram_room;
    (fits ? small : large).push_back(change);
  }
  std::vector<PushBatch> batches = cut(small, passing, datagram_room, true);
  if (batches.size() > kPushDatagramsMax) {
    batches.clear();
    large = changes;
  }
  for (PushBatch& batch : cut(large, passing, kPushFrameBytes, false)) {
    batches.push_back(std::move(batch));
  }
  return batches;
}

}  // namespace gossip
