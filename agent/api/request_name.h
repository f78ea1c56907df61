#pragma once

// The header Idempotency-Key of a write: the name that a client gives to its request, so that it
// can send it again. docs/api.md, "Sending a write again".

#include <optional>

#include "agent/http/message.h"
#include "agent/replica/requests.h"
#include "crdt/base/result.h"

namespace agent {

inline constexpr const char* kRequestNameHeader = "Idempotency-Key";
inline constexpr std::size_t kRequestNameMin = 16;  // characters
inline constexpr std::size_t kRequestNameMax = 64;

// Nullopt without the header. kInvalid unless it is there once and has kRequestNameMin to
// kRequestNameMax characters of visible ASCII.
base::Result<std::optional<RequestName>> request_name(const http::Request& request);
// For routes that take no name: kInvalid if there is one.
base::Status refuse_request_name(const http::Request& request, std::string_view why);

}  // namespace agent
