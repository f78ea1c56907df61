#pragma once

// The descriptions of the routes in agent/api/openapi, which are a part of the program: JSON files,
// one for each door, and components.json with what several doors use. Any thread.

#include <span>

#include "agent/web/files.h"

namespace agent {

// In order of their names.
std::span<const WebFile> openapi_files();

}  // namespace agent
