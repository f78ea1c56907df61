#pragma once

// Checks that Beast's parser does not make and that we need. It refuses: a missing or second Host,
// folded lines, a Transfer-Encoding other than exactly `chunked`, chunked on HTTP/1.0, a
// Content-Length beside a Transfer-Encoding, repeated lengths. It also decides who may send
// requests: Host protects against DNS rebinding, Origin against foreign web pages. Each rule has a
// test.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/http/message.h"
#include "agent/http/peer.h"
#include "crdt/base/result.h"

namespace http {

// Bound of header lines in one request. Above it check_head returns kTooLarge, answered with 431.
inline constexpr std::size_t kHeaderLinesMax = 64;

bool same_ignoring_case(std::string_view a, std::string_view b);  // of ASCII letters
bool is_token_char(char c);            // may stand in a method or a header name
bool has_port(std::string_view host);  // "a:80", "[::1]:80"; not "a", "[::1]"

// Checks the raw head (request line and headers with CRLFs, without the empty line) before Beast
// parses it. kInvalid with the reason.
base::Status check_head(std::string_view raw_head);

struct Doors {
  // "127.0.0.1:7780", "localhost:7780", "[::1]:7780" and the configured ones. A host without a port
  // means port 80.
  std::vector<std::string> hosts;
  // Origins that are allowed besides the agent's own ones, which are http:// (with TLS https://)
  // plus one of `hosts`.
  std::vector<std::string> origins;
};
// kInvalid (no Host, or a second one), kMisdirected (foreign Host), kForbidden (foreign Origin). No
// web page can reach a Unix socket, so there the Host may be missing or any name of loopback.
base::Status check_doors(const Request& request, const Doors& doors, const Peer& peer = {});
// The headers that the answer to an allowed Origin needs; empty for a request without Origin.
Headers cors_headers(const Request& request, const Doors& doors, const Peer& peer = {});

}  // namespace http
