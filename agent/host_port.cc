#include "agent/host_port.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <charconv>

#include "crdt/base/trimmed.h"

namespace agent {
namespace {

constexpr std::size_t kHostBytesMax = 253;  // of a DNS name

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

bool is_interface_byte(char byte) {
  return byte > ' ' && byte < 0x7F && byte != '/' && byte != '%' && byte != ':' && byte != ']';
}

// With or without an interface; only a link-local address may have one.
bool is_ipv6(const std::string& host) {
  in6_addr address{};
  auto percent = host.find('%');
  if (inet_pton(AF_INET6, host.substr(0, percent).c_str(), &address) != 1) return false;
  if (percent == std::string::npos) return true;
  std::string interface = host.substr(percent + 1);
  return IN6_IS_ADDR_LINKLOCAL(&address) && !interface.empty() && interface.size() < IF_NAMESIZE &&
         std::all_of(interface.begin(), interface.end(), is_interface_byte);
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
  // A text of digits and dots must be an IPv4 address: "1.2.3" or "300.0.0.1" is a typing error,
  // not a name.
  bool numeric = host.find_first_not_of("0123456789.") == std::string::npos;
  return !numeric || ipv4(host).has_value();
}

// The length of http:// or https:// at the start.
std::size_t scheme_size(std::string_view text) {
  constexpr std::string_view kPlain = "http://";
  constexpr std::string_view kTls = "https://";
  if (text.starts_with(kPlain)) return kPlain.size();
  return text.starts_with(kTls) ? kTls.size() : 0;
}

bool is_localhost(std::string_view host) {
  constexpr std::string_view kName = "localhost";
  return std::equal(host.begin(), host.end(), kName.begin(), kName.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

}  // namespace

std::optional<HostPort> HostPort::parse(std::string_view text) {
  text = base::trimmed(text);
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
  text = base::trimmed(text);
  if (const std::size_t scheme = scheme_size(text); scheme > 0) {
    text.remove_prefix(scheme);
    if (text.ends_with('/')) text.remove_suffix(1);
  }
  // A URL and a Host field cannot have an interface.
  if (text.find('%') != std::string_view::npos) return std::nullopt;
  return parse(text);
}

bool HostPort::is_https(std::string_view text) {
  return base::trimmed(text).starts_with("https://");
}

std::string HostPort::problem(std::string_view text) {
  text = base::trimmed(text);
  bool brackets = text.starts_with('[');
  bool is_bare_ipv6 = !brackets && std::count(text.begin(), text.end(), ':') > 1;
  if (text.find("://") != std::string_view::npos) return "a URL is not accepted here";
  if (is_bare_ipv6) return "an IPv6 address needs brackets, such as [::1]:7700";
  auto colon = text.rfind(':');
  bool no_port = colon == std::string_view::npos || (brackets && text.ends_with(']'));
  if (no_port || colon + 1 == text.size()) return "the port is missing";
  if (!parse_port(text.substr(colon + 1))) return "a port is a number from 0 to 65535";
  if (colon == 0) return "the host is missing";
  return "the host is neither a name nor an address";
}

std::string HostPort::problem_http(std::string_view text) {
  text = base::trimmed(text);
  const std::size_t scheme = scheme_size(text);
  if (scheme == 0) return problem(text);
  text.remove_prefix(scheme);
  if (text.ends_with('/')) text.remove_suffix(1);
  return text.find('/') == std::string_view::npos ? problem(text) : "a path is not accepted here";
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
  if (is_localhost(host)) return true;
  in6_addr address{};
  if (inet_pton(AF_INET6, host.c_str(), &address) == 1) return IN6_IS_ADDR_LOOPBACK(&address);
  auto v4 = ipv4(host);
  return v4 && (*v4 >> 24) == 127;
}

bool HostPort::is_numeric() const { return is_ipv6(host) || ipv4(host).has_value(); }

HostPort HostPort::with_numeric_loopback() const {
  return is_localhost(host) ? HostPort{"127.0.0.1", port} : *this;
}

}  // namespace agent
