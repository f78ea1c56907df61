#pragma once

// Makes sealed changes for tests that have no replica.

#include "crdt/change.h"

namespace gossip::testing {

crdt::SealedChange change_of(const base::ActorId& actor, std::uint64_t seq,
                             std::vector<crdt::Dependency> deps = {}, std::size_t bytes = 3);

}  // namespace gossip::testing
