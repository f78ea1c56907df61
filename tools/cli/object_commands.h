#pragma once

// `hearsay objects`: reads and writes CRDT objects and places inside them.

#include <string>
#include <vector>

#include "tools/cli/session.h"

namespace cli {

using Path = std::vector<std::string>;

int list_objects(Session& session);
int get_object(Session& session, const std::string& id, const Path& path);
int inspect_object(Session& session, const std::string& id,
                   const Path& path);  // with dots

// The last word is the value: JSON if possible (value_json()), or always a string.
int set_object(Session& session, const std::string& id, const Path& path_and_value, bool is_string);
int unset_object(Session& session, const std::string& id, const Path& path);

}  // namespace cli
