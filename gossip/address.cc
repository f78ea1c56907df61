#include "gossip/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace gossip {
namespace {

constexpr std::array<unsigned char, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

// Takes the scope off a text like "fe80::1%2"; 0 if there is none.
std::optional<std::uint32_t> take_scope(std::string_view& host) {
  auto percent = host.find('%');
  if (percent == std::string_view::npos) return 0;
  std::string_view digits = host.substr(percent + 1);
  std::uint32_t scope = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), scope);
  if (error != std::errc{} || end != digits.data() + digits.size() || scope == 0) {
    return std::nullopt;
  }
  host = host.substr(0, percent);
  return scope;
}

bool parse_ip(int family, std::string_view text, unsigned char* out) {
  return inet_pton(family, std::string(text).c_str(), out) == 1;
}

}  // namespace

bool Address::is_v4() const {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), ip.begin());
}

bool Address::is_any() const {
  auto host = ip.begin() + (is_v4() ? kMappedPrefix.size() : 0);
  return std::all_of(host, ip.end(), [](unsigned char byte) { return byte == 0; });
}

bool Address::is_link_local() const { return ip[0] == 0xFE && (ip[1] & 0xC0) == 0x80; }

Address Address::without_scope() const {
  Address out = *this;
  out.scope = 0;
  return out;
}

std::string Address::text() const {
  char host[INET6_ADDRSTRLEN] = {};
  if (is_v4()) {
    inet_ntop(AF_INET, ip.data() + kMappedPrefix.size(), host, sizeof(host));
    return std::string(host) + ":" + std::to_string(port);
  }
  inet_ntop(AF_INET6, ip.data(), host, sizeof(host));
  std::string interface = scope == 0 ? "" : "%" + std::to_string(scope);
  return "[" + std::string(host) + interface + "]:" + std::to_string(port);
}

std::optional<Address> Address::parse(std::string_view text) {
  auto colon = text.rfind(':');
  // inet_pton reads C strings: a NUL inside would hide what follows it.
  if (colon == std::string_view::npos || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  auto port = parse_port(text.substr(colon + 1));
  auto host = text.substr(0, colon);
  if (!port) return std::nullopt;
  Address address;
  address.port = *port;
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    auto scope = take_scope(host);
    if (!scope || !parse_ip(AF_INET6, host, address.ip.data())) return std::nullopt;
    if (*scope != 0 && !address.is_link_local()) return std::nullopt;
    address.scope = *scope;
    return address;
  }
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.ip.begin());
  if (!parse_ip(AF_INET, host, address.ip.data() + kMappedPrefix.size())) return std::nullopt;
  return address;
}

base::Bytes Address::bytes() const {
  std::size_t skipped = is_v4() ? kMappedPrefix.size() : 0;
  base::Bytes out(reinterpret_cast<const char*>(ip.data()) + skipped, ip.size() - skipped);
  out.push_back(static_cast<char>(port >> 8));
  out.push_back(static_cast<char>(port & 0xFF));
  return out;
}

std::optional<Address> Address::from(base::BytesView bytes) {
  if (bytes.size() != 6 && bytes.size() != 18) return std::nullopt;
  Address address;
  std::size_t ip_size = bytes.size() - 2;
  if (ip_size == 4) std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.ip.begin());
  std::memcpy(address.ip.data() + (address.ip.size() - ip_size), bytes.data(), ip_size);
  // IPv4 has one encoding, the short one: equal addresses are equal bytes.
  if (ip_size == 16 && address.is_v4()) return std::nullopt;
  auto high = static_cast<unsigned char>(bytes[ip_size]);
  auto low = static_cast<unsigned char>(bytes[ip_size + 1]);
  address.port = static_cast<std::uint16_t>(high << 8 | low);
  return address;
}

}  // namespace gossip
