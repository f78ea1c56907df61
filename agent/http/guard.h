#pragma once

// What Beast's parser lets pass and we must not (design section 12): a missing or second Host,
// folded lines, transfer codings other than exactly `chunked`, chunked on HTTP/1.0, any
// Content-Length beside Transfer-Encoding, repeated lengths; and who may ask at all: Host against
// DNS rebinding, Origin against foreign pages. Each rule is a test.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/http/message.h"
#include "crdt/base/result.h"

namespace http {

// Header lines of one request; above: kTooLarge from check_head, answered with 431.
inline constexpr std::size_t kHeaderLinesMax = 64;

bool is_token_char(char c);            // what methods and header names are made of
bool has_port(std::string_view host);  // "a:80", "[::1]:80"; not "a", "[::1]"

// Of the raw head (request line and headers, with CRLFs, without the empty line), before Beast's
// reading of it is believed. kInvalid with the reason.
base::Status check_head(std::string_view raw_head);

struct Doors {
  // "127.0.0.1:7780", "localhost:7780", "[::1]:7780", configured ones; no port means 80.
  std::vector<std::string> hosts;
  // Allowed besides the agent's own, which are http:// and a host of the above.
  std::vector<std::string> origins;
};
// kInvalid (no or second Host), kMisdirected (foreign Host), kForbidden (foreign Origin).
base::Status check_doors(const Request& request, const Doors& doors);
// The headers an allowed Origin needs; empty for requests without one.
Headers cors_headers(const Request& request, const Doors& doors);

}  // namespace http
