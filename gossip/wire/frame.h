#pragma once

// One direction of an established session: turns messages into sealed frames and frames into
// messages. The nonce of a frame is its place in the stream. So a frame that was changed, repeated,
// removed or moved does not open.

#include <cstdint>
#include <vector>

#include "crdt/base/bytes.h"
#include "crdt/base/hash.h"

namespace gossip::wire {

class FrameSealer {
 public:
  explicit FrameSealer(const base::Hash256& key) : key_(key) {}
  base::Bytes seal(base::BytesView message);

 private:
  base::Hash256 key_;
  std::uint64_t counter_ = 0;
};

class FrameOpener {
 public:
  enum class Progress { kWaiting, kUnsealed, kTooLarge };

  FrameOpener(const base::Hash256& key, std::size_t message_bytes_max)
      : key_(key), message_bytes_max_(message_bytes_max) {}
  // Takes whole frames off the front of `input`; kWaiting is the good outcome. kUnsealed: a frame
  // did not open. kTooLarge: a bound was exceeded; nothing was stored for that frame.
  Progress receive(base::BytesView& input, std::vector<base::Bytes>& messages);

 private:
  base::Hash256 key_;
  std::size_t message_bytes_max_;
  std::uint64_t counter_ = 0;
  base::Bytes message_;  // its frames so far
};

}  // namespace gossip::wire
