#pragma once

// Checks what the deterministic folders must not use: clocks, sockets, threads, random numbers of
// the system, output, exceptions, and containers whose order is not defined. The simulator depends
// on this: the same seed must give the same run.

#include "tests/tidy/source.h"

namespace tidy {

bool is_pure(std::string_view path);
Findings check_purity(const Source& source);  // rule "pure"

}  // namespace tidy
