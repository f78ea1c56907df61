#pragma once

// Writes the head of an answer in its wire format.

#include <cstddef>
#include <optional>
#include <string>

#include "agent/http/message.h"

namespace http {

struct AnswerHead {
  const Response& response;  // status, content type and headers; the body is not used
  const Headers& cors;
  bool keep_alive = true;
  bool http_1_0 = false;  // version of the request: keep-alive must then be stated
};

bool may_have_body(int status);  // false for 204 and 304

// A header with a control character is left out, because it could end the line and begin another
// one. JSON is not cached unless the response says how.
// Without a length the body comes in chunks (RFC 9112, 7.1).
void append_head(std::string& out, const AnswerHead& head,
                 std::optional<std::size_t> content_length);
void append_headers(std::string& out, const Headers& headers);
// The head of an event stream. The stream ends with its connection, so it needs neither a length
// nor chunks.
void append_stream_head(std::string& out, const Headers& cors);

}  // namespace http
