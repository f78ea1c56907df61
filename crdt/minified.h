#pragma once

// Walks JSON text that minify_json() has made, or that check_json() took: then blanks may stand
// between the tokens, but not around the whole. It checks nothing again, but it never reads past
// the end of the text, whatever the text is.

#include <cstddef>
#include <string_view>

namespace crdt::minified {

// One past the string literal whose opening quote is at `at`.
std::size_t end_of_string(std::string_view text, std::size_t at);
// One past the value that starts at `at`.
std::size_t end_of_value(std::string_view text, std::size_t at);

inline bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
inline std::size_t past_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && is_blank(text[at])) ++at;
  return at;
}

// Calls visit(key literal, value) for each member of an object, visit({}, value) for each element
// of an array.
template <typename Visit>
void each(std::string_view container, Visit&& visit) {
  bool keyed = container.starts_with('{');
  std::size_t at = past_blanks(container, 1);
  while (at + 1 < container.size()) {
    std::string_view key;
    if (keyed) {
      std::size_t end = end_of_string(container, at);
      key = container.substr(at, end - at);
      at = past_blanks(container, past_blanks(container, end) + 1);  // past the colon
      if (at >= container.size()) return;
    }
    std::size_t end = end_of_value(container, at);
    visit(key, container.substr(at, end - at));
    // Past the comma or the closing bracket.
    at = past_blanks(container, past_blanks(container, end) + 1);
  }
}

}  // namespace crdt::minified
