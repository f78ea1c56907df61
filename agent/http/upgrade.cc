#include "agent/http/upgrade.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "agent/http/answer.h"
#include "agent/http/guard.h"
#include "crdt/base/trimmed.h"

namespace http {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, 1.3
constexpr std::string_view kVersion = "13";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kKeySize = 24;  // 16 bytes in base64

// Whether a header that is a list has this element. It may stand on several lines.
bool lists(const Request& request, std::string_view name, std::string_view wanted) {
  for (const auto& [header, value] : request.headers) {
    if (header != name) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      std::size_t end = std::min(rest.find(','), rest.size());
      if (same_ignoring_case(base::trimmed(rest.substr(0, end), " \t"), wanted)) return true;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return false;
}

// The only value of a header; empty if there is none or more than one.
std::string_view only(const Request& request, std::string_view name) {
  std::string_view found;
  std::size_t count = 0;
  for (const auto& [header, value] : request.headers) {
    if (header != name) continue;
    found = value;
    ++count;
  }
  return count == 1 ? found : std::string_view();
}

bool is_key(std::string_view key) {
  if (key.size() != kKeySize || !key.ends_with("==")) return false;
  key.remove_suffix(2);
  bool known = key.find_first_not_of(kBase64) == std::string_view::npos;
  // The last character has 2 bits of the 16 bytes; the other 4 must be 0.
  return known && kBase64.find(key.back()) % 16 == 0;
}

Response upgrade_required(std::string message) {
  Response response = error_response(base::invalid(std::move(message)));
  response.status = 426;
  response.headers.emplace_back("upgrade", "websocket");
  response.headers.emplace_back("connection", "upgrade");
  response.headers.emplace_back("sec-websocket-version", kVersion);
  return response;
}

std::string base64(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::string_view three = bytes.substr(at, 3);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < three.size() ? static_cast<unsigned char>(three[i]) : 0u);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += i <= three.size() ? kBase64[(group >> (18 - 6 * i)) & 63u] : '=';
    }
  }
  return out;
}

using Sha1State = std::array<std::uint32_t, 5>;

// FIPS 180-4, 6.1.2: one block of 64 bytes.
void mix_block(Sha1State& state, std::string_view block) {
  std::array<std::uint32_t, 80> words{};
  for (std::size_t i = 0; i < 64; ++i) {
    words[i / 4] = words[i / 4] << 8 | static_cast<unsigned char>(block[i]);
  }
  for (std::size_t i = 16; i < 80; ++i) {
    words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
  }
  auto [a, b, c, d, e] = state;
  for (std::size_t i = 0; i < 80; ++i) {
    std::uint32_t mixed = b ^ c ^ d;
    std::uint32_t constant = i < 40 ? 0x6ED9EBA1u : 0xCA62C1D6u;
    if (i < 20) {
      mixed = (b & c) | (~b & d);
      constant = 0x5A827999u;
    } else if (i >= 40 && i < 60) {
      mixed = (b & c) | (b & d) | (c & d);
      constant = 0x8F1BBCDCu;
    }
    std::uint32_t next = std::rotl(a, 5) + mixed + e + constant + words[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  const Sha1State added{a, b, c, d, e};
  for (std::size_t i = 0; i < state.size(); ++i) state[i] += added[i];
}

// The protocol demands SHA-1. It protects nothing here: it shows that the server understood.
std::string sha1(std::string message) {
  std::uint64_t bits = message.size() * 8;
  message += '\x80';
  while (message.size() % 64 != 56) message += '\0';
  for (int shift = 56; shift >= 0; shift -= 8) message += static_cast<char>(bits >> shift & 0xFF);
  Sha1State state{0x67452301u, 0xEFCDAB89u, 0x98BADCFEu, 0x10325476u, 0xC3D2E1F0u};
  for (std::size_t at = 0; at < message.size(); at += 64) {
    mix_block(state, std::string_view(message).substr(at, 64));
  }
  std::string out;
  for (std::uint32_t word : state) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(word >> shift & 0xFF);
  }
  return out;
}

}  // namespace

std::optional<Response> refuse_upgrade(const Request& request, bool http_1_0) {
  bool asked = !http_1_0 && request.verb == Verb::kGet && lists(request, "connection", "upgrade") &&
               lists(request, "upgrade", "websocket");
  if (!asked) return upgrade_required("this route is a WebSocket; connect with ws:// or wss://");
  if (only(request, "sec-websocket-version") != kVersion) {
    return upgrade_required("the header Sec-WebSocket-Version must be 13");
  }
  if (is_key(only(request, "sec-websocket-key"))) return std::nullopt;
  return error_response(
      base::invalid("the header Sec-WebSocket-Key must have 16 bytes in base64, once"));
}

std::string accept_key(std::string_view key) {
  return base64(sha1(std::string(key) + std::string(kGuid)));
}

void append_upgrade_head(std::string& out, std::string_view accept, const Headers& cors) {
  out +=
      "HTTP/1.1 101 Switching Protocols\r\n"
      "Upgrade: websocket\r\n"
      "Connection: Upgrade\r\n"
      "Sec-WebSocket-Accept: ";
  out += accept;
  out += "\r\n";
  append_headers(out, cors);
  out += "\r\n";
}

}  // namespace http
