#pragma once

// /v1/presence: small JSON texts that clients show to each other for 30 s and that nobody stores.

#include "agent/api/mesh_control.h"
#include "agent/http/router.h"

namespace agent {

void add_presence_routes(MeshControl& mesh, http::Router& router);

}  // namespace agent
