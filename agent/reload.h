#pragma once

// What a reload (SIGHUP) does with a configuration that was read again: which changed settings a
// running agent takes over, and which wait for its next start.

#include <string>
#include <vector>

#include "agent/config.h"

namespace agent {

struct ReloadPlan {
  std::vector<std::string> applied;       // changed settings that take effect now, by key
  std::vector<std::string> need_restart;  // changed settings that a running agent cannot take over
};
// Pure; keys in the order of docs/cli.md's table of settings.
ReloadPlan compare(const Config& running, const Config& fresh);

// `running` with what compare() calls applied taken over from `fresh`.
Config after_reload(const Config& running, const Config& fresh);

}  // namespace agent
