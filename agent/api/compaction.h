#pragma once

// POST /crdt/compact: folds texts now, or sets when they are folded (docs/api.md, "Compaction").

#include "agent/api/host.h"
#include "agent/http/router.h"

namespace agent {

void add_compaction_route(Host& host, http::Router& router);

}  // namespace agent
