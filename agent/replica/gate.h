#pragma once

// Rule 4: may this change be applied now? Whether it contradicts what is held (rule 2) was judged
// before, for its whole message.

#include "crdt/change.h"
#include "crdt/version_vector.h"

namespace agent {

enum class Gate {
  kReady,
  kSeen,     // applied before: ignored
  kMissing,  // its predecessor or a dependency is not applied
  kUnknown,  // an envelope of a later version: the vector stops before it (rule 12)
};

Gate judge(const crdt::VersionVector& vector, const crdt::Opened& opened);

}  // namespace agent
