#pragma once

// POST /v1/import: JSON lines of any number, streamed. Each line adds an entry.

#include "agent/api/host.h"
#include "agent/http/router.h"

namespace agent {

void add_import_route(Host& host, http::Router& router);

}  // namespace agent
