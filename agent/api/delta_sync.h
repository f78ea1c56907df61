#pragma once

// Delta sync: POST /crdt/sync and GET /crdt/object/{object_id} (docs/api.md, "Delta sync").
// Programs that have their own copy of an object send what changed, and read the whole.

#include "agent/api/host.h"
#include "agent/http/router.h"

namespace agent {

void add_delta_sync_routes(Host& host, http::Router& router);

}  // namespace agent
