#pragma once

// Histories whose parents are numbers of unit operations (one code point removed or inserted). A
// parent may be in the middle of a step, so steps are cut behind every unit that is a parent.

#include <cstdint>
#include <vector>

#include "tools/bench/types/history.h"

namespace bench {

struct UnitStep {
  std::uint64_t first = 0;  // number of its first unit; the units of all steps follow each other
  Step step;                // parents are units, seq is that of the first unit
};

// Parents are numbers of steps in the result.
std::vector<Step> cut_at_parents(std::vector<UnitStep> steps);

}  // namespace bench
