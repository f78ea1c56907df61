#pragma once

// What the deterministic folders must not touch: clocks, sockets, threads, ambient chance, output,
// exceptions, and containers whose order is not ours. The simulator rests on it: the same seed must
// give the same run.

#include "tests/tidy/source.h"

namespace tidy {

bool is_pure(std::string_view path);
Findings check_purity(const Source& source);  // rule "pure"

}  // namespace tidy
