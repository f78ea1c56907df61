#pragma once

// POST /v1/join and /v1/leave.

#include "agent/api/host.h"
#include "agent/http/router.h"

namespace agent {

void add_membership_routes(Host& host, http::Router& router);

}  // namespace agent
