#pragma once

// Rule 4: may this change be applied now? Whether it contradicts what we hold (rule 2) has been
// checked before, for the whole message.

#include <optional>
#include <utility>

#include "crdt/change.h"
#include "crdt/version_vector.h"

namespace agent {

enum class Gate {
  kReady,
  kSeen,     // it was applied before: ignore it
  kMissing,  // its predecessor, a dependency or a change that it names a dot of is not applied yet
  kUnknown,  // an envelope of a later version: the vector stops before it (rule 12)
};

Gate judge(const crdt::VersionVector& vector, const crdt::Opened& opened);
// The first change that a change of kMissing waits for: (actor, seq). Nullopt for every other
// result.
std::optional<std::pair<base::ActorId, std::uint64_t>> missing(const crdt::VersionVector& vector,
                                                               const crdt::Opened& opened);

}  // namespace agent
