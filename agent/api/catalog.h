#pragma once

// Writes of the metadata catalog: /snapshots/… and /images/….

#include "agent/api/data.h"
#include "agent/http/router.h"

namespace agent {

void add_catalog_routes(Data& data, http::Router& router);

}  // namespace agent
