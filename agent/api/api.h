#pragma once

// Every route of the agent: its own HTTP (docs/api.md) and the metadata catalog.

#include "agent/api/host.h"
#include "agent/http/router.h"

namespace agent {

// `host` and `router` must outlive the server that uses them.
void add_routes(Host& host, http::Router& router);

}  // namespace agent
