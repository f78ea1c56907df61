#pragma once

// The head of an actor: how many of its changes are applied, and eight bytes of the hash of the
// last one.

#include <compare>
#include <cstdint>

namespace crdt {

// The first eight bytes of the hash of a sealed change, read as a big-endian number. 0: none.
using HeadHash = std::uint64_t;

struct Head {
  std::uint64_t seq = 0;
  HeadHash hash = 0;
  auto operator<=>(const Head&) const = default;
};

}  // namespace crdt
