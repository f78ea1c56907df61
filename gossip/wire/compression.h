#pragma once

// Session messages that cost fewer bytes: one holds another as a zstd frame (docs/protocol.md,
// "Compressed messages"; why and what it gives away: docs/decisions/0008). Equal messages give
// equal bytes with one version of the library. decode() gives the message inside.

#include <cstdint>
#include <memory>

#include "crdt/base/bytes.h"
#include "crdt/base/result.h"

struct ZSTD_CCtx_s;

namespace gossip::wire {

// Smaller messages go as they are: what could be saved is less than a packet's own headers.
inline constexpr std::size_t kCompressedFrom = 512;

// Keeps its working memory between messages: 0.6 MB once it has had a large one, whatever came.
class Compressor {
 public:
  Compressor();
  // The encoded message as it shall be sent: compressed if that saves 5 %, else as it was. One that
  // is compressed already is left alone.
  base::Bytes apply(base::Bytes message);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
};

// What the frame holds, which must be one whole frame of exactly `size` bytes. Allocates `size` and
// a fixed 0.1 MB whatever the frame says; the caller bounds `size`.
base::Result<base::Bytes> decompress(base::BytesView frame, std::size_t size);

}  // namespace gossip::wire
