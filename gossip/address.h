#pragma once

// Where a datagram or a session goes: an IP address and a port, without any socket type. An IPv6
// link-local address names a host only together with its scope, an interface of this host. The
// scope stays on this host: bytes() leaves it out, so no record carries it to others.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crdt/base/bytes.h"
#include "crdt/base/strong.h"

namespace gossip {

using base::NodeId;

struct Address {
  std::array<unsigned char, 16> ip{};  // IPv6, or IPv4 mapped (::ffff:a.b.c.d)
  std::uint16_t port = 0;
  std::uint32_t scope = 0;  // number of an interface, for link-local addresses only; 0: none
  auto operator<=>(const Address&) const = default;

  bool is_v4() const;
  bool is_any() const;         // 0.0.0.0 or [::]
  bool is_link_local() const;  // fe80::/10
  Address without_scope() const;
  bool is_zero() const { return *this == Address{}; }
  std::string text() const;  // "127.0.0.1:7700", "[::1]:7700", "[fe80::1%2]:7700"
  static std::optional<Address> parse(
      std::string_view text);  // numbers only, also for the scope; the driver resolves names
  base::Bytes bytes() const;   // 6 bytes for IPv4, 18 for IPv6
  static std::optional<Address> from(base::BytesView bytes);
};

}  // namespace gossip
