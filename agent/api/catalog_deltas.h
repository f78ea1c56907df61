#pragma once

// Catalog deltas (docs/api.md): the changes of the catalogs as deltas, for catalogs outside the
// mesh that ask for them and post their own.

#include "agent/api/host.h"
#include "agent/http/router.h"

namespace agent {

void add_catalog_delta_routes(Host& host, http::Router& router);

}  // namespace agent
