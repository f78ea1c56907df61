#pragma once

// Errors of the routes of delta sync: {"error":"Delta Conflict"}, in the words that its clients
// know. What was wrong stands in the header `CRDT-Error-Detail`.

#include "agent/http/message.h"

namespace agent {

// 422 for a type that is not known; 409 for a delta that is malformed or does not fit the object;
// else the status of the error.
http::Response delta_error(const base::Error& error);

}  // namespace agent
