#pragma once

// Requests under /v1/objects as operations on an object (crdt/types/op.h).

#include <string>
#include <string_view>

#include "agent/api/place.h"
#include "agent/replica/requests.h"

namespace agent {

// The body of a PATCH: {"type"?, "ops":[…]}. Every op may carry a "path" below the place and a
// "type". The errors name the op.
base::Result<WriteObject> parse_ops(const Place& place, std::string_view body);
// The body of a PUT: {"type", "value"}.
base::Result<WriteObject> parse_replacement(const Place& place, std::string_view body);
// In a catalog, ids and names of fields have bounds of their own, and the value of an entry is its
// metadata. Checks the path, and makes the argument of such a write a list of members. In other
// objects it does nothing.
base::Status fit_catalog(const std::string& object, crdt::Op& op);
WriteObject removal_of(const Place& place);  // a DELETE

}  // namespace agent
