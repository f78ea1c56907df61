#pragma once

// GET /v1/events: changes after their commit, resumed from the log with Last-Event-ID.

#include "agent/api/host.h"
#include "agent/http/router.h"

namespace agent {

void add_event_route(Host& host, http::Router& router);

}  // namespace agent
