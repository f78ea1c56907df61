#pragma once

// GET /ui/, and GET / that leads there: the page for people. Its files are a part of the program
// (agent/web), and the page fetches nothing from elsewhere.

#include "agent/http/router.h"

namespace agent {

void add_ui_routes(http::Router& router);

}  // namespace agent
