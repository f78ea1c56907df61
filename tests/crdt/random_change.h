#pragma once

// Changes drawn at random, skewed to the corners of the format: unknown kinds, empty and long
// components, extreme numbers, shared prefixes, foreign stamps.

#include "crdt/base/random.h"
#include "crdt/change.h"

namespace crdt::samples {

Change random_change(base::Random& random);

}  // namespace crdt::samples
