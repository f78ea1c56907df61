#include "crdt/minified.h"

#include <algorithm>

namespace crdt::minified {

std::size_t end_of_string(std::string_view text, std::size_t at) {
  std::size_t i = at + 1;
  while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? 2 : 1;
  return std::min(i + 1, text.size());
}

std::size_t end_of_value(std::string_view text, std::size_t at) {
  std::size_t open = 0;
  std::size_t i = at;
  while (i < text.size()) {
    char c = text[i];
    if (c == '"') {
      i = end_of_string(text, i);
      if (open == 0) return i;
      continue;
    }
    if (open == 0 && (c == ',' || c == ']' || c == '}' || is_blank(c))) return i;
    if (c == '{' || c == '[') ++open;
    ++i;
    if ((c == '}' || c == ']') && --open == 0) return i;
  }
  return text.size();
}

}  // namespace crdt::minified
