#pragma once

// POST /v1/import: JSON lines of any length, streamed; each line is an add.

#include "agent/api/host.h"
#include "agent/http/router.h"

namespace agent {

void add_import_route(Host& host, http::Router& router);

}  // namespace agent
