#pragma once

// Takes the blanks off both ends of a text.

#include <string_view>

namespace base {

inline constexpr std::string_view kBlanks = " \t\r\n";

// `text` without the characters of `blanks` at its start and its end.
inline std::string_view trimmed(std::string_view text, std::string_view blanks = kBlanks) {
  auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace base
