#pragma once

// An agent of this host, as the file agent.json of its data directory tells. The directory may be
// read by the user of the agent and by root.

#include <optional>
#include <string>
#include <string_view>

#include "crdt/base/result.h"

namespace cli {

struct LocalAgent {
  std::string http;    // HOST:PORT
  std::string socket;  // path of its Unix socket; empty: it has none
};

// kUnavailable: no agent runs there, because it has no such file. kForbidden: this user may not
// read it. An agent that was killed leaves its file.
base::Result<LocalAgent> agent_of(const std::string& directory);

// Whether a client that was told `url` (base_url() in url.h) would reach this agent.
bool is_served_by(const LocalAgent& agent, std::string_view url);

// Whether somebody listens at this Unix socket now.
bool is_answered(const std::string& socket);

}  // namespace cli
