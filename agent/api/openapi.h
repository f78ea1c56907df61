#pragma once

// GET /openapi.json: OpenAPI 3.0.3, made from the table of the router.

#include <string>

#include "agent/http/router.h"

namespace agent {

// A pattern that ends in "{path...}" is described as two paths: without it and with it.
std::string openapi_text(const http::Router& router);

void add_openapi_route(http::Router& router);

}  // namespace agent
