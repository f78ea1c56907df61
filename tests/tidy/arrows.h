#pragma once

// Checks which folder may include which (the arrows of docs/architecture.md), and where the headers
// of each library may be included.

#include "tests/tidy/source.h"

namespace tidy {

Findings check_arrows(const Source& source);     // rule "arrow": our own headers
Findings check_libraries(const Source& source);  // rule "library": headers of others

}  // namespace tidy
