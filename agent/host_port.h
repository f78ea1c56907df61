#pragma once

// HOST:PORT as people write it. HOST is a name, an IPv4 address, or an IPv6 address in brackets. A
// link-local address has its interface ([fe80::1%eth0]:7700). Space around it is ignored. No name
// is looked up here; the driver does that.

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
  // Accepts HOST:PORT, or http://HOST:PORT or https://HOST:PORT with at most one '/' after it.
  static std::optional<HostPort> parse_http(std::string_view text);
  static bool is_https(std::string_view text);  // it begins with https://
  // What is wrong with a text that parse() refuses, for example "the port is missing".
  static std::string problem(std::string_view text);
  static std::string problem_http(std::string_view text);  // the same for parse_http()

  std::string text() const;  // an IPv6 address gets its brackets
  bool is_any() const;       // every address of the host: 0.0.0.0 or [::]
  bool is_loopback() const;  // 127.0.0.0/8, [::1] or localhost
  bool is_numeric() const;   // an address, not a name
  // The same with 127.0.0.1 instead of the name `localhost`, so that no look-up is needed.
  HostPort with_numeric_loopback() const;
};

}  // namespace agent
