#pragma once

// The merge of one text in a state join (rule 6). Skeletons are never dropped, so it is a union:
// elements that only the other side has are inserted, and what one side has erased is erased.

#include <cstdint>

#include "crdt/snapshot.h"
#include "store/texts.h"

namespace agent {

struct MergedText {
  std::uint64_t inserted = 0;  // elements
  std::uint64_t erased = 0;    // runs of elements that were shown here
};

// `theirs` has all elements of the other side. kInvalid when an element hangs on one that neither
// side has.
base::Result<MergedText> merge_text(store::Texts& texts, const crdt::SnapshotSlot& theirs);

}  // namespace agent
