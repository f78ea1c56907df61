#pragma once

// BLAKE2b and SipHash from libsodium, named by their use.

#include <array>
#include <cstdint>

#include "crdt/base/bytes.h"

namespace base {

using Hash256 = std::array<unsigned char, 32>;
using Hash128 = std::array<unsigned char, 16>;

Hash256 hash256(BytesView bytes);
Hash128 hash128(BytesView bytes);
// A hash for one purpose: equal bytes with another purpose have another hash.
Hash256 hash256(std::string_view purpose, BytesView bytes);
// Protects stored rows against bit rot, not against an attacker: SipHash-2-4 with a fixed key.
std::uint64_t row_checksum(BytesView bytes);

}  // namespace base
