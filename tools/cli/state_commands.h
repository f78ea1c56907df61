#pragma once

// `hearsay export --state` and `hearsay import --state`: the whole state of an agent as a file.

#include <string>

#include "tools/cli/session.h"

namespace cli {

// FILE appears under its name when it is complete and on the medium; "-" is stdout.
int export_state(Session& session, const std::string& path);
// "-" is stdin. `any_mesh`: also a file that was exported under another key.
int import_state(Session& session, const std::string& path, bool any_mesh);

}  // namespace cli
