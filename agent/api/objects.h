#pragma once

// /v1/objects: the catalog as CRDT objects, read and written by path.

#include "agent/api/host.h"
#include "agent/http/router.h"

namespace agent {

void add_object_routes(Host& host, http::Router& router);

}  // namespace agent
