#pragma once

// Commands about the agent and its mesh.

#include <string>

#include "tools/cli/session.h"

namespace cli {

int show_status(Session& session);  // kUnhealthy when the agent is degraded or isolated
int show_members(Session& session);
int join(Session& session, const std::string& address);
int leave(Session& session);
int show_conflicts(Session& session);

}  // namespace cli
