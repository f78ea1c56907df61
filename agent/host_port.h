#pragma once

// HOST:PORT as people write it: a name, an IPv4 address, or an IPv6 address in brackets. Nothing is
// resolved here; that is the driver's.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace agent {

struct HostPort {
  std::string host;  // without brackets
  std::uint16_t port = 0;
  bool operator==(const HostPort&) const = default;

  static std::optional<HostPort> parse(std::string_view text);
  // HOST:PORT, or http://HOST:PORT with nothing behind it but one '/'.
  static std::optional<HostPort> parse_http(std::string_view text);

  std::string text() const;  // with the brackets an IPv6 address needs
  bool is_any() const;       // every address of the host: 0.0.0.0 or [::]
  bool is_loopback() const;  // 127.0.0.0/8, [::1] or localhost
};

}  // namespace agent
