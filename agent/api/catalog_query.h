#pragma once

// GET /catalog/query: entries of a catalog object that match q, in pages, sorted by id.

#include "agent/api/data.h"
#include "agent/feed/timers.h"
#include "agent/http/router.h"

namespace agent {

void add_query_route(Data& data, Timers& timers, http::Router& router);

}  // namespace agent
