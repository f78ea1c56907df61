#pragma once

// `hearsay objects`: any CRDT object, and places inside it.

#include <string>
#include <vector>

#include "tools/cli/session.h"

namespace cli {

using Path = std::vector<std::string>;

int list_objects(Session& session);
int get_object(Session& session, const std::string& id, const Path& path);
int inspect_object(Session& session, const std::string& id, const Path& path);  // with its dots

// The last word is the value: JSON where it is such (value_json()), or always a string.
int set_object(Session& session, const std::string& id, const Path& path_and_value, bool is_string);
int unset_object(Session& session, const std::string& id, const Path& path);

}  // namespace cli
