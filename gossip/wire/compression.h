#pragma once

// Compresses session messages: a compressed message holds another one as a zstd frame
// (docs/protocol.md, "Compressed messages"; the reasons and what it reveals: docs/decisions/0008).
// With one version of the library equal messages give equal bytes. decode() returns the message
// inside.

#include <cstdint>
#include <memory>

#include "crdt/base/bytes.h"
#include "crdt/base/result.h"

struct ZSTD_CCtx_s;

namespace gossip::wire {

// Smaller messages are not compressed: the saving would be less than a packet's own headers.
inline constexpr std::size_t kCompressedFrom = 512;

// Keeps its working memory between messages: 0.6 MB once it has had a large message.
class Compressor {
 public:
  Compressor();
  // Returns the encoded message in the form to send: compressed if that saves 5 %, otherwise
  // unchanged. A message that is compressed already is unchanged.
  base::Bytes apply(base::Bytes message);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
};

// Returns the content of the frame, which must be one whole frame with content of exactly `size`
// bytes. Allocates `size` and a fixed 0.1 MB, whatever the frame says; the caller bounds `size`.
base::Result<base::Bytes> decompress(base::BytesView frame, std::size_t size);

}  // namespace gossip::wire
