#pragma once

// What Beast's parser lets pass and we must not (design section 12): a missing or second Host,
// folded lines, transfer codings other than exactly `chunked`, chunked on HTTP/1.0, any
// Content-Length beside Transfer-Encoding, repeated lengths; and who may ask at all: Host against
// DNS rebinding, Origin against foreign pages. Each rule is a test.

#include <string>
#include <string_view>
#include <vector>

#include "agent/http/message.h"
#include "crdt/base/result.h"

namespace http {

// Of the raw head (request line and headers, with CRLFs, without the empty line), before Beast's
// reading of it is believed. kInvalid with the reason.
base::Status check_head(std::string_view raw_head);

struct Doors {
  std::vector<std::string>
      hosts;  // "127.0.0.1:7780", "localhost:7780", "[::1]:7780", configured ones
  std::vector<std::string> origins;  // allowed besides the agent's own
};
// kInvalid (no or second Host), kMisdirected (foreign Host), kForbidden (foreign Origin).
base::Status check_doors(const Request& request, const Doors& doors);
// The headers an allowed Origin needs; empty for requests without one.
Headers cors_headers(const Request& request, const Doors& doors);

}  // namespace http
