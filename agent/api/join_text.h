#pragma once

// What a state join did, as JSON: the answer of an import and a part of /v1/status.

#include <string>

#include "agent/api/about.h"
#include "agent/api/json_text.h"

namespace agent {

// Adds objects, cells, texts_changed and own_changes_kept.
void add_counts(JsonObject& out, const JoinCounts& counts);
// The last join of this run with its outcome; null if there was none.
std::string join_text(base::Instant now, const std::optional<LastJoin>& join);

}  // namespace agent
