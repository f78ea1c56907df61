#pragma once

// PATCH /v1/objects/…: folds the ops of one request into one write for each entry.

#include <string_view>

#include "agent/api/place.h"
#include "agent/replica/requests.h"

namespace agent {

// `place` is the place of the request; the path of an op begins there. kInvalid if something is
// malformed, kUnprocessable if an op does not fit the place, kTooLarge above a bound.
base::Result<WriteEntries> parse_patch(const Place& place, std::string_view body);

}  // namespace agent
