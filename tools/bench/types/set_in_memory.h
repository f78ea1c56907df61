#pragma once

// A set in memory: the plans and cells of crdt/types, as the agent runs them, over a hash map in
// place of its tables. No change is sealed and nothing is stored. The agent itself keeps no set in
// memory; this row is for the comparison with libraries that do.

#include <cstddef>

#include "crdt/base/result.h"

namespace bench {

struct SetInMemoryResult {
  double add_nanos = 0;          // planned and applied where it was made, digest included
  double join_nanos = 0;         // the add of somebody else, applied to the full set
  double bytes_per_element = 0;  // of heap, beside the text of the element; 0: unknown
  bool ok = false;               // the cells are those that were added
};
base::Result<SetInMemoryResult> measure_set_in_memory(std::size_t elements);

}  // namespace bench
