#pragma once

// /v1/objects: reads and writes the catalog as CRDT objects, by path.

#include "agent/api/host.h"
#include "agent/http/router.h"

namespace agent {

void add_object_routes(Host& host, http::Router& router);

}  // namespace agent
