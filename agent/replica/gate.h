#pragma once

// Rule 4 and the `prev` check of rule 2: may this change be applied now?

#include "crdt/change.h"
#include "crdt/version_vector.h"

namespace agent {

enum class Gate {
  kReady,
  kSeen,      // applied before: ignored
  kMissing,   // its predecessor or a dependency is not applied
  kMismatch,  // another content under a number that we hold: refuse the whole message
  kUnknown,   // an envelope of a later version: the vector stops before it (rule 12)
};

Gate judge(const crdt::VersionVector& vector, const crdt::Opened& opened);

}  // namespace agent
