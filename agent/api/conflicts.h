#pragma once

// GET /v1/conflicts: every field with concurrent values, and every field that a whole-object write
// hides.

#include "agent/api/host.h"
#include "agent/http/router.h"

namespace agent {

void add_conflict_route(Host& host, http::Router& router);

}  // namespace agent
