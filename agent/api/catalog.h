#pragma once

// Writes of the metadata catalog: /snapshots/… and /images/….

#include "agent/api/host.h"
#include "agent/http/router.h"

namespace agent {

void add_catalog_routes(Host& host, http::Router& router);

}  // namespace agent
