#pragma once

// GET /catalog/query: entries of a catalog object that match q, in pages, sorted by id.

#include "agent/api/host.h"
#include "agent/http/router.h"

namespace agent {

void add_query_route(Host& host, http::Router& router);

}  // namespace agent
