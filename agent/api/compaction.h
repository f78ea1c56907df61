#pragma once

// POST /crdt/compact: folds texts now, or sets when they are folded (docs/api.md, "Compaction").

#include "agent/api/data.h"
#include "agent/feed/timers.h"
#include "agent/http/router.h"

namespace agent {

void add_compaction_route(Data& data, Timers& timers, http::Router& router);

}  // namespace agent
