#pragma once

// GET /crdt/metrics: how the changes of others come in, for one object or for all (docs/api.md,
// "Delta sync").

#include "agent/api/host.h"
#include "agent/http/router.h"

namespace agent {

void add_delta_metrics_route(Host& host, http::Router& router);

}  // namespace agent
