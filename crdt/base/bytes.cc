#include "crdt/base/bytes.h"

#include <cstdint>
#include <cstring>

namespace base {
namespace {

// The length of the sequence that starts with `lead`; 0 if no sequence can start with it.
int sequence_length(std::uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// Unicode 15, table 3-7: the second byte has a narrower range after some leads.
bool second_fits(std::uint8_t lead, std::uint8_t second) {
  switch (lead) {
    case 0xE0:
      return second >= 0xA0 && second <= 0xBF;
    case 0xED:
      return second >= 0x80 && second <= 0x9F;
    case 0xF0:
      return second >= 0x90 && second <= 0xBF;
    case 0xF4:
      return second >= 0x80 && second <= 0x8F;
    default:
      return second >= 0x80 && second <= 0xBF;
  }
}

}  // namespace

std::string to_hex(BytesView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (char c : bytes) {
    auto byte = static_cast<std::uint8_t>(c);
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    int high = hex_digit(text[i]);
    int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    auto lead = static_cast<std::uint8_t>(text[i]);
    auto length = static_cast<std::size_t>(sequence_length(lead));
    if (length == 0 || i + length > text.size()) return false;
    if (length > 1 && !second_fits(lead, static_cast<std::uint8_t>(text[i + 1]))) return false;
    for (std::size_t k = 2; k < length; ++k) {
      if ((static_cast<std::uint8_t>(text[i + k]) & 0xC0) != 0x80) return false;
    }
    i += length;
  }
  return true;
}

bool is_ascii(std::string_view text) {
  std::uint64_t all = 0;
  for (; text.size() >= sizeof all; text.remove_prefix(sizeof all)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    all |= word;
  }
  for (const char byte : text) all |= static_cast<unsigned char>(byte);
  return (all & 0x8080808080808080u) == 0;
}

std::size_t count_points(std::string_view text) {
  std::size_t points = 0;
  for (const char byte : text) points += is_continuation(byte) ? 0 : 1;
  return points;
}

void append_be32(Bytes& out, std::uint32_t value) {
  char bytes[4];
  for (int i = 0; i < 4; ++i) bytes[i] = static_cast<char>(value >> (24 - 8 * i));
  out.append(bytes, sizeof bytes);
}

void append_be64(Bytes& out, std::uint64_t value) {
  // Written out, because compilers make one swap of this, and a loop of the other form.
  const char bytes[8] = {static_cast<char>(value >> 56), static_cast<char>(value >> 48),
                         static_cast<char>(value >> 40), static_cast<char>(value >> 32),
                         static_cast<char>(value >> 24), static_cast<char>(value >> 16),
                         static_cast<char>(value >> 8),  static_cast<char>(value)};
  out.append(bytes, sizeof bytes);
}

std::uint32_t read_be32(const char* at) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(at[i]);
  return value;
}

std::uint64_t read_be64(const char* at) {
  const auto byte = [at](int i) { return std::uint64_t{static_cast<std::uint8_t>(at[i])}; };
  return byte(0) << 56 | byte(1) << 48 | byte(2) << 40 | byte(3) << 32 | byte(4) << 24 |
         byte(5) << 16 | byte(6) << 8 | byte(7);
}

}  // namespace base
