#pragma once

// Compares the stored entry with the entry that the oracle expects: existence, shown fields,
// conflicts, and every live cell with its writer, stamp and text.

#include <optional>
#include <string>

#include "crdt/catalog/entry.h"
#include "tools/simulator/oracle.h"

namespace simulation {

// The first difference in words, in the order in which readers notice it; empty when there is none.
std::optional<std::string> difference(const crdt::Entry& entry, const Alive& expected);

}  // namespace simulation
