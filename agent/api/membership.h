#pragma once

// POST /v1/join and /v1/leave.

#include "agent/api/mesh_control.h"
#include "agent/http/router.h"

namespace agent {

void add_membership_routes(MeshControl& mesh, http::Router& router);

}  // namespace agent
