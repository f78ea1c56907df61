#pragma once

// GET /v1/conflicts: every field whose winner has losers or that a whole-object write hides.

#include "agent/api/host.h"
#include "agent/http/router.h"

namespace agent {

void add_conflict_route(Host& host, http::Router& router);

}  // namespace agent
