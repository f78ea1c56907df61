#include "tools/cli/element_cutter.h"

#include "crdt/base/trimmed.h"

namespace cli {
std::vector<std::string_view> ElementCutter::more(std::string_view so_far) {
  std::vector<std::string_view> found;
  auto cut = [&](std::size_t end) {
    auto element = base::trimmed(so_far.substr(begin_, end - begin_));
    if (!element.empty()) found.push_back(element);
    begin_ = at_ + 1;
  };
  for (; at_ < so_far.size(); ++at_) {
    char c = so_far[at_];
    if (quoted_) {
      if (c == '"' && !escaped_) quoted_ = false;
      escaped_ = c == '\\' && !escaped_;
      continue;
    }
    if (c == '"') quoted_ = true;
    if (c == '[' || c == '{') {
      if (depth_++ == 0) begin_ = at_ + 1;
    } else if (c == ']' || c == '}') {
      if (--depth_ == 1) cut(at_ + 1);  // of an object or an array in the array
      if (depth_ == 0) cut(at_);
    } else if (c == ',' && depth_ == 1) {
      cut(at_);
    }
  }
  return found;
}

}  // namespace cli
