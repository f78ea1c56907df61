#pragma once

// GET /v1/status and /v1/members: this agent, and the mesh as this agent sees it.

#include "agent/api/host.h"
#include "agent/http/router.h"

namespace agent {

void add_status_routes(Host& host, http::Router& router);

}  // namespace agent
