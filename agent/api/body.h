#pragma once

// Request bodies: JSON objects. The values stay the text that the client sent.

#include <optional>
#include <string>
#include <string_view>

#include "crdt/base/result.h"
#include "crdt/value.h"

namespace agent {

// kInvalid when the body is not one JSON object.
base::Result<crdt::Members> body_object(std::string_view body);
// The same for a body that is itself the value: minified as a whole. Field names are checked.
base::Result<std::string> body_metadata(std::string_view body);
base::Status check_metadata(std::string_view minified);

const std::string* find_member(const crdt::Members& members, std::string_view key);
// The text of a member that must be a JSON string; kInvalid if it is missing or another type.
base::Result<std::string> string_member(const crdt::Members& members, std::string_view key);

}  // namespace agent
