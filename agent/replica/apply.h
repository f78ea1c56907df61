#pragma once

// Applying one change to the store, inside the transaction of a turn.

#include "agent/replica/turn.h"
#include "crdt/change.h"
#include "store/store.h"

namespace agent {

// Applies cells, log, vector and digest of one change, own or received (rule 6), and remembers the
// request that it did. Counts in Turn::conflicts the registers that show several values at once
// after it.
base::Status apply_change(store::Store& store, Turn& turn, const crdt::Opened& opened);

// Applies cells and digest only.
base::Status apply_effects(store::Store& store, Turn& turn, const crdt::Change& change);

}  // namespace agent
