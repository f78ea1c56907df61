#pragma once

// Errors of the routes of delta sync: {"error":"Delta Conflict"}, in the words that its clients
// know. What was wrong stands in the header `CRDT-Error-Detail`.

#include "agent/http/message.h"

namespace agent {

// 422 for a type that is not known; 409 for a delta that is malformed; else the status of the
// error.
http::Response delta_error(const base::Error& error);
// In these words, with this status.
http::Response delta_refusal(int status, const base::Error& error);
// The same as delta_error, for a delta that was read and does not fit its object: 409 whatever does
// not fit.
http::Response misfit_error(const base::Error& error);

}  // namespace agent
