#pragma once

// GET /healthz, /readyz and /metrics, for supervisors and monitoring.

#include <string_view>

#include "agent/api/about.h"
#include "agent/api/mesh_control.h"
#include "agent/http/router.h"

namespace agent {

std::string_view health_name(Health health);  // "ready", "syncing", "degraded"

void add_health_routes(const About& about, const MeshControl& mesh, http::Router& router);

}  // namespace agent
