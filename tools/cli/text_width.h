#pragma once

// How much room text takes on a terminal.

#include <cstddef>
#include <string>
#include <string_view>

namespace cli {

// In columns: most characters take one, those of East Asia and pictures two, accents that join the
// character before them none.
std::size_t columns_of(std::string_view utf8);

// The longest head that fits into `columns`, with an ellipsis at its end where something was cut.
std::string cut_to(std::string_view utf8, std::size_t columns);

}  // namespace cli
