#pragma once

// Request bodies: JSON objects. A body is checked and parsed here, in one pass; from here on it is
// a list of members, whose values stay the text that the client sent, without blanks.

#include <optional>
#include <string>
#include <string_view>

#include "crdt/base/result.h"
#include "crdt/value.h"

namespace agent {

// kInvalid when the body is not one JSON object.
base::Result<crdt::Members> body_object(std::string_view body);
// The same for a body that is the metadata of an entry (at most kValueBodyMax bytes): the names of
// the fields are checked too.
base::Result<crdt::Members> body_metadata(std::string_view body);
// The metadata of an entry that is one value of a body: its type, size and field names are checked.
base::Result<crdt::Members> metadata_of(std::string_view minified);

const std::string* find_member(const crdt::Members& members, std::string_view key);
// The text of a member that must be a JSON string; kInvalid if it is missing or another type.
base::Result<std::string> string_member(const crdt::Members& members, std::string_view key);

}  // namespace agent
