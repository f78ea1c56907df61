#pragma once

// Operations on an object in words, for traces and reports.

#include <string>
#include <vector>

#include "crdt/types/op.h"

namespace simulation {

std::string text_of(const std::vector<crdt::Op>& ops);  // "insert a/b at 3 "xy", unset a"

}  // namespace simulation
