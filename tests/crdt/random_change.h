#pragma once

// Random changes. Rare forms of the format are drawn often: unknown kinds, empty and long
// components, extreme numbers, shared prefixes, stamps of clients.

#include "crdt/base/random.h"
#include "crdt/change.h"

namespace crdt::samples {

Change random_change(base::Random& random);

}  // namespace crdt::samples
