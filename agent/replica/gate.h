#pragma once

// Rule 4: may this change be applied now? Whether it contradicts what is held (rule 2) was judged
// before, for its whole message.

#include <optional>
#include <utility>

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
// The first thing that a change of kMissing waits for: (actor, seq). Nullopt for every other one.
std::optional<std::pair<base::ActorId, std::uint64_t>> missing(const crdt::VersionVector& vector,
                                                               const crdt::Opened& opened);

}  // namespace agent
