#pragma once

// Byte strings and their hexadecimal form. Bytes are std::string: they hash, compare, slice and
// move into SQLite, msgpack and libsodium without a copy.

#include <optional>
#include <string>
#include <string_view>

namespace base {

using Bytes = std::string;
using BytesView = std::string_view;

std::string to_hex(BytesView bytes);                   // lower case
std::optional<Bytes> from_hex(std::string_view text);  // either case; nullopt if not hex
int hex_digit(char c);                                 // either case; -1 if not hex
bool is_utf8(std::string_view text);                   // strict: no surrogates, no overlongs
// In UTF-8: a byte that does not begin a code point.
inline bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }
bool is_ascii(std::string_view text);
// The code points of a text that is_utf8().
std::size_t count_points(std::string_view text);

// Fixed-width big-endian integers, so that encoded keys sort like the numbers.
void append_be32(Bytes& out, std::uint32_t value);
void append_be64(Bytes& out, std::uint64_t value);
std::uint32_t read_be32(const char* at);
std::uint64_t read_be64(const char* at);

}  // namespace base
