#pragma once

// HOST:PORT as people write it: a name, an IPv4 address, or an IPv6 address in brackets, a
// link-local one with its interface ([fe80::1%eth0]:7700), with or without space around it. Nothing
// is looked up here; that is the driver's.

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
  // What is wrong with a text that parse() refuses: "the port is missing".
  static std::string problem(std::string_view text);
  static std::string problem_http(std::string_view text);  // the same for parse_http()

  std::string text() const;  // with the brackets an IPv6 address needs
  bool is_any() const;       // every address of the host: 0.0.0.0 or [::]
  bool is_loopback() const;  // 127.0.0.0/8, [::1] or localhost
  bool is_numeric() const;   // an address, no name
  // With 127.0.0.1 for the name `localhost`, which needs no look-up.
  HostPort with_numeric_loopback() const;
};

}  // namespace agent
