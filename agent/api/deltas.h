#pragma once

// The body of POST /crdt/sync as operations on an object (docs/api.md, "Delta sync").

#include <string_view>

#include "agent/replica/requests.h"

namespace agent {

// {"type", "object_id", "delta", "timestamp"?, "source_node"?}. The timestamp and the node become
// the stamp of the registers that the delta writes. kUnprocessable: the type, or one inside, is not
// known. kTooLarge: more than kBatchOpsMax operations. Other errors: the delta is malformed; the
// message says where.
base::Result<WriteObject> parse_sync(std::string_view body);

}  // namespace agent
