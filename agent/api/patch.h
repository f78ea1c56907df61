#pragma once

// PATCH /v1/objects/…: the ops of one request, folded into what one change does to each entry.

#include <string_view>

#include "agent/api/place.h"
#include "agent/replica/requests.h"

namespace agent {

// `place` is the request's; an op's path is taken from there. kInvalid for what is malformed,
// kUnprocessable for what this place does not know, kTooLarge above a bound.
base::Result<WriteEntries> parse_patch(const Place& place, std::string_view body);

}  // namespace agent
