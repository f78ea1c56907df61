#pragma once

// Cuts the elements out of a JSON array that arrives in pieces, so that rows can be shown before
// the array is complete. It only finds where elements end; whoever uses an element checks it.

#include <string_view>
#include <vector>

namespace cli {

class ElementCutter {
 public:
  // The elements of `so_far` that are complete and were not returned yet, without the space around
  // them. `so_far` is the array from its start; each call gets the same text or a longer one. An
  // object is complete with its brace; a number, a word or a string when something follows it.
  std::vector<std::string_view> more(std::string_view so_far);

 private:
  std::size_t at_ = 0;     // bytes that were looked at
  std::size_t begin_ = 0;  // of the present element
  int depth_ = 0;          // containers that are open
  bool quoted_ = false;
  bool escaped_ = false;
};

}  // namespace cli
