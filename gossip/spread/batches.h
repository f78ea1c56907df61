#pragma once

// Cuts changes into Push messages. Small ones share datagrams; what does not fit a datagram, or
// would make too many, goes over sessions. A change is never cut; their order is kept within each
// kind.

#include <vector>

#include "crdt/change.h"
#include "gossip/wire/message.h"

namespace gossip {

// Small changes that need more datagrams go over sessions, which do not overflow.
inline constexpr std::size_t kPushDatagramsMax = 8;
inline constexpr std::size_t kPushFrameBytes = 256 * 1024;  // aimed at

// One Push message, encoded once for all its targets.
struct PushBatch {
  base::Bytes message;
  std::size_t changes = 0;
  bool fits_datagram = false;  // else it goes over a session
};

// `datagram_room`: bytes of one encoded message in a datagram.
std::vector<PushBatch> cut_into_batches(const std::vector<const crdt::SealedChange*>& changes,
                                        wire::Passing passing, std::size_t datagram_room);

}  // namespace gossip
