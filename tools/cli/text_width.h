#pragma once

// The width of text on a terminal.

#include <cstddef>
#include <string>
#include <string_view>

namespace cli {

// The width in columns: most characters take one, East Asian characters and pictures two, and
// accents that join the character before them none.
std::size_t columns_of(std::string_view utf8);

// The longest beginning that fits into `columns`. It ends with an ellipsis if something was cut.
std::string cut_to(std::string_view utf8, std::size_t columns);

}  // namespace cli
