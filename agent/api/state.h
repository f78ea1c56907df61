#pragma once

// GET /v1/state and POST /v1/state: the whole state as a file (docs/api.md, "State as a file").

#include "agent/api/host.h"
#include "agent/http/router.h"

namespace agent {

void add_state_routes(Host& host, http::Router& router);

}  // namespace agent
