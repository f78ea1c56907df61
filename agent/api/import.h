#pragma once

// POST /v1/import: JSON lines of any number, streamed. Each line adds an entry.

#include "agent/api/data.h"
#include "agent/feed/timers.h"
#include "agent/http/router.h"

namespace agent {

void add_import_route(Data& data, Timers& timers, http::Router& router);

}  // namespace agent
