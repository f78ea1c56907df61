#pragma once

// Compares what is held of an entry with what the oracle says must be held: existence, fields
// shown, conflicts, and every live cell by its writer, stamp and text.

#include <optional>
#include <string>

#include "crdt/map.h"
#include "tools/simulator/oracle.h"

namespace simulation {

// The first difference in words, as readers would meet it first; nothing when all is as it must be.
std::optional<std::string> difference(const crdt::Entry& entry, const Alive& expected);

}  // namespace simulation
