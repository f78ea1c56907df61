#pragma once

// Compares a configuration that was read again (SIGHUP) with the running one: which changed
// settings take effect now, and which need a restart.

#include <string>
#include <vector>

#include "agent/config.h"

namespace agent {

struct ReloadPlan {
  std::vector<std::string> applied;       // changed settings that take effect now, by key
  std::vector<std::string> need_restart;  // changed settings that a running agent cannot take over
};
// The result depends on the arguments only. The keys have the order of the table of settings in
// docs/cli.md.
ReloadPlan compare(const Config& running, const Config& fresh);

// Returns `running`, but with the values from `fresh` for all settings that compare() lists as
// applied.
Config after_reload(const Config& running, const Config& fresh);

}  // namespace agent
