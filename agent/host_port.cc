#include "agent/host_port.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace agent {
namespace {

constexpr std::size_t kHostBytesMax = 253;  // of a DNS name

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

bool is_ipv6(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

std::optional<std::uint32_t> ipv4(const std::string& host) {
  in_addr address{};
  if (inet_pton(AF_INET, host.c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

bool is_name_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_';
}

bool is_name_or_ipv4(const std::string& host) {
  if (host.empty() || host.size() > kHostBytesMax) return false;
  if (!std::all_of(host.begin(), host.end(), is_name_byte)) return false;
  // Digits and dots alone are an address; "1.2.3" or "300.0.0.1" is a slip of the pen, not a name.
  bool numeric = host.find_first_not_of("0123456789.") == std::string::npos;
  return !numeric || ipv4(host).has_value();
}

}  // namespace

std::optional<HostPort> HostPort::parse(std::string_view text) {
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto port = parse_port(text.substr(colon + 1));
  if (!port) return std::nullopt;

  auto host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    std::string inner(host.substr(1, host.size() - 2));
    if (!is_ipv6(inner)) return std::nullopt;
    return HostPort{std::move(inner), *port};
  }
  std::string name(host);
  if (!is_name_or_ipv4(name)) return std::nullopt;
  return HostPort{std::move(name), *port};
}

std::optional<HostPort> HostPort::parse_http(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (!text.starts_with(kScheme)) return parse(text);
  text.remove_prefix(kScheme.size());
  if (text.ends_with('/')) text.remove_suffix(1);
  return parse(text);
}

std::string HostPort::text() const {
  auto shown = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return shown + ":" + std::to_string(port);
}

bool HostPort::is_any() const {
  in6_addr address{};
  if (inet_pton(AF_INET6, host.c_str(), &address) == 1) return IN6_IS_ADDR_UNSPECIFIED(&address);
  return ipv4(host) == 0u;
}

bool HostPort::is_loopback() const {
  if (host == "localhost") return true;
  in6_addr address{};
  if (inet_pton(AF_INET6, host.c_str(), &address) == 1) return IN6_IS_ADDR_LOOPBACK(&address);
  auto v4 = ipv4(host);
  return v4 && (*v4 >> 24) == 127;
}

}  // namespace agent
