#pragma once

// How the head of an answer looks on the wire.

#include <cstddef>
#include <string>

#include "agent/http/message.h"

namespace http {

struct AnswerHead {
  const Response& response;  // status, content type and headers; not its body
  const Headers& cors;
  bool keep_alive = true;
  bool http_1_0 = false;  // of the request: keeping alive has to be said
};

bool may_have_body(int status);  // neither 204 nor 304

// A header with a control character is left out: it would end the line and begin another. JSON is
// not cached unless the response says how.
void append_head(std::string& out, const AnswerHead& head, std::size_t content_length);
// Of an event stream, which ends with its connection and so needs neither length nor chunks.
void append_stream_head(std::string& out, const Headers& cors);

}  // namespace http
