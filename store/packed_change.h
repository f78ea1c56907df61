#pragma once

// A sealed change as a row of the log has it: as a zstd frame if that is smaller. unpack() gives
// back exactly the sealed bytes. Both need no state, so nothing of a large change stays in memory.

#include <cstdint>
#include <optional>

#include "crdt/base/bytes.h"

namespace store {

inline constexpr std::size_t kPackedFromBytes = 512;  // smaller changes are kept as they are

// nullopt if the change is small or a frame of it is not smaller.
std::optional<base::Bytes> pack_change(base::BytesView sealed);
// nullopt unless `frame` is one frame of exactly `size` bytes, at most crdt::kChangeBytesMax.
// Checks this before it allocates.
std::optional<base::Bytes> unpack_change(base::BytesView frame, std::uint64_t size);

}  // namespace store
