#pragma once

// Who may include whom: the arrows of docs/architecture.md, and which libraries stop where.

#include "tests/tidy/source.h"

namespace tidy {

Findings check_arrows(const Source& source);     // rule "arrow": our own headers
Findings check_libraries(const Source& source);  // rule "library": headers of others

}  // namespace tidy
