#pragma once

// One direction of an established session: messages become sealed frames and frames become
// messages. A frame that was changed, repeated, left out or moved does not open, because its place
// in the stream is its nonce.

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
  // that did not open. kTooLarge: a bound passed, before anything was stored for it.
  Progress receive(base::BytesView& input, std::vector<base::Bytes>& messages);

 private:
  base::Hash256 key_;
  std::size_t message_bytes_max_;
  std::uint64_t counter_ = 0;
  base::Bytes message_;  // its frames so far
};

}  // namespace gossip::wire
