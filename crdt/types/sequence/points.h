#pragma once

// Code points of letters in UTF-8.

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "crdt/base/bytes.h"

namespace crdt {

// The bytes of the first `points` code points; the text has as many.
inline std::size_t bytes_of_points(std::string_view text, std::uint32_t points) {
  std::size_t at = 0;
  for (; points > 0; --points) {
    ++at;
    while (at < text.size() && base::is_continuation(text[at])) ++at;
  }
  return at;
}

// A code point that takes two units in UTF-16 begins with this byte.
inline bool is_astral(char byte) { return static_cast<unsigned char>(byte) >= 0xF0; }
inline std::uint32_t count_astral(std::string_view text) {
  return static_cast<std::uint32_t>(std::count_if(text.begin(), text.end(), is_astral));
}

}  // namespace crdt
