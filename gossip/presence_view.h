#pragma once

// A presence as the driver reads it (GET /v1/presence/{topic}).

#include <string>

#include "crdt/base/bytes.h"
#include "crdt/base/time.h"
#include "gossip/member.h"

namespace gossip {

struct PresenceView {
  std::string key;
  NodeId node;  // the member on which a client has set it
  base::Bytes body;
  base::Duration left;  // of its life, above zero
};

}  // namespace gossip
