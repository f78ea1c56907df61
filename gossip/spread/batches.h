#pragma once

// Cuts changes into Push messages. Small changes share datagrams. A change that does not fit a
// datagram goes over sessions; so do small changes that would need too many datagrams. A change is
// never cut. Small changes keep their order, and so do large ones.

#include <vector>

#include "crdt/change.h"
#include "gossip/wire/message.h"

namespace gossip {

// Small changes that need more datagrams go over sessions, which do not overflow.
inline constexpr std::size_t kPushDatagramsMax = 8;
inline constexpr std::size_t kPushFrameBytes = 256 * 1024;  // the size that we aim at

// One Push message, encoded once for all its targets.
struct PushBatch {
  base::Bytes message;
  std::size_t changes = 0;
  bool fits_datagram = false;  // false: it goes over a session
};

// `datagram_room`: the bytes that one encoded message may have in a datagram.
std::vector<PushBatch> cut_into_batches(const std::vector<const crdt::SealedChange*>& changes,
                                        wire::Passing passing, std::size_t datagram_room);

}  // namespace gossip
