#pragma once

#include <string_view>

namespace base {

// `text` without the UTF-8 byte order mark that some editors put at the start of a file.
inline std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return text;
}

}  // namespace base
