#pragma once

// GET /openapi.json: OpenAPI 3.1.0. The table of the router says which routes there are, what each
// is called with, and who may call it. The files in agent/api/openapi say what is sent and what is
// answered. docs/doors.md, "Describing a route", has the form of these files.

#include <string>

#include "agent/http/router.h"

namespace agent {

// A pattern that ends in "{path...}" is described as two paths: without it and with it. A route
// that no file describes has only what the router knows of it.
std::string openapi_text(const http::Router& router);

// The text is made once, when it is first asked for: add all routes before.
void add_openapi_route(http::Router& router);

}  // namespace agent
