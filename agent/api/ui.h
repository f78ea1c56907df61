#pragma once

// GET /ui/: the page for people. Its files are a part of the program (agent/web), and the page
// fetches nothing from elsewhere.

#include "agent/http/router.h"

namespace agent {

void add_ui_route(http::Router& router);

}  // namespace agent
