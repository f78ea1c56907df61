#pragma once

// Sixteen-byte identifiers of different types, ActorId and NodeId, so that they cannot be mixed up.
// Ordered by bytes.

#include <array>
#include <compare>
#include <cstring>
#include <optional>
#include <string>

#include "crdt/base/bytes.h"

namespace base {

template <typename Tag>
struct Id16 {
  static constexpr std::size_t kSize = 16;
  std::array<unsigned char, kSize> bytes{};

  auto operator<=>(const Id16&) const = default;
  bool is_zero() const { return *this == Id16{}; }
  BytesView view() const { return {reinterpret_cast<const char*>(bytes.data()), kSize}; }
  std::string hex() const { return to_hex(view()); }
  std::string short_hex() const { return to_hex(view().substr(0, 4)); }

  static std::optional<Id16> from(BytesView raw) {
    if (raw.size() != kSize) return std::nullopt;
    Id16 id;
    std::memcpy(id.bytes.data(), raw.data(), kSize);
    return id;
  }
  static std::optional<Id16> from_hex(std::string_view text) {
    auto raw = base::from_hex(text);
    return raw ? from(*raw) : std::nullopt;
  }
};

using ActorId = Id16<struct ActorTag>;
using NodeId = Id16<struct NodeTag>;

}  // namespace base
