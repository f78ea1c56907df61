#pragma once

// Bytes as a row of the log, or of a text, has them: as a zstd frame if that is smaller. unpack()
// gives back exactly the same bytes. The contexts of the library are made at the first use and
// kept: making them takes longer than packing a small change.

#include <cstdint>
#include <memory>
#include <optional>

#include "crdt/base/bytes.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace store {

inline constexpr std::size_t kPackedFromBytes = 512;  // smaller changes are kept as they are

class ChangePacker {
 public:
  enum class For : std::uint8_t {
    // Sealed changes, by an object that lives long. It keeps 200 KiB at most: the contexts of large
    // changes are freed at once.
    kLog,
    // The rows of texts, by an object whose owner makes a new one when it rests. They are written
    // again and again, so packing them fast counts more than the last 2 % of their size.
    kText,
  };
  explicit ChangePacker(For use = For::kLog) : use_(use) {}
  // nullopt if the change is small or a frame of it is not smaller.
  std::optional<base::Bytes> pack(base::BytesView sealed);
  // nullopt unless `frame` is one frame of exactly `size` bytes, at most crdt::kChangeBytesMax.
  // Checks this before it allocates.
  std::optional<base::Bytes> unpack(base::BytesView frame, std::uint64_t size);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
    void operator()(ZSTD_DCtx_s* context) const;
  };
  using Packing = std::unique_ptr<ZSTD_CCtx_s, Free>;
  Packing make_packing() const;

  For use_;
  Packing packing_;
  std::unique_ptr<ZSTD_DCtx_s, Free> unpacking_;
};

// The same for callers that pack rarely: the contexts are made and freed in each call.
std::optional<base::Bytes> pack_change(base::BytesView sealed);
std::optional<base::Bytes> unpack_change(base::BytesView frame, std::uint64_t size);

}  // namespace store
