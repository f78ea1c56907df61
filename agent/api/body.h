#pragma once

// Request bodies: JSON objects. A body is checked and parsed here, in one pass; from here on it is
// a list of members, whose values stay the text that the client sent, without blanks.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

// A member that must be a whole number from 0 to `most`, in any spelling of it: 1.0 is 1.
base::Result<std::uint64_t> number_member(const crdt::Members& members, std::string_view key,
                                          std::uint64_t most);
// The member "value", which must be there. kTooLarge above crdt::kValueBytesMax.
base::Result<std::string> value_member(const crdt::Members& members);

// The "path" of an op, which may be absent: an array of strings.
base::Result<std::vector<std::string>> path_of_op(const crdt::Members& op);
// The elements of the array "ops", at most kBatchOpsMax.
base::Result<std::vector<std::string>> ops_of(const crdt::Members& body);

// kInvalid if there is a member that is not `known`; `of` names the object in the message, such as
// "the body". A field that is ignored would leave its sender in the belief that it counts.
base::Status check_members(const crdt::Members& members, std::string_view of,
                           const std::vector<std::string_view>& known);
const std::string* find_member(const crdt::Members& members, std::string_view key);
// The text of a member that must be a JSON string; kInvalid if it is missing or another type.
base::Result<std::string> string_member(const crdt::Members& members, std::string_view key);

}  // namespace agent
