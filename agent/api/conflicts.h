#pragma once

// GET /v1/conflicts: every field with concurrent values, and every field that a whole-object write
// hides.

#include "agent/api/data.h"
#include "agent/feed/timers.h"
#include "agent/http/router.h"

namespace agent {

void add_conflict_route(Data& data, Timers& timers, http::Router& router);

}  // namespace agent
