#pragma once

// GET /v1/state and POST /v1/state: the whole state as a file (docs/api.md, "State as a file").

#include "agent/api/about.h"
#include "agent/api/data.h"
#include "agent/feed/timers.h"
#include "agent/http/router.h"

namespace agent {

void add_state_routes(Data& data, Timers& timers, const About& about, http::Router& router);

}  // namespace agent
