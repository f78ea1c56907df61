#pragma once

// What a state join or the import of a state file did, in words.

#include <string>
#include <string_view>

#include "tools/cli/names.h"

namespace cli {

// Example: "5 cells added, 2 removed; 1 object new, 0 changed, 0 removed; 1 text changed; 3 own
// changes kept that the other side did not have". `json`: an object with the counts.
std::string join_counts(std::string_view json);

// The value of "last_join" in /v1/status: when, from where, after which absence, what it did.
// The name of the peer comes from `names`.
std::string last_join(Names& names, std::string_view json);

}  // namespace cli
