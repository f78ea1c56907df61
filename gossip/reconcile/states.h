#pragma once

// Our state hash and that of a peer at one moment. A decision about a peer often holds only as long
// as neither of the two has moved. Example: we compared our vectors in these states and found
// nothing to fetch.

#include "crdt/digest.h"

namespace gossip {

struct States {
  crdt::StateHash ours;
  crdt::StateHash theirs;
  bool operator==(const States&) const = default;
};

}  // namespace gossip
