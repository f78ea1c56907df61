#pragma once

// Takes one request at a time from bytes. Beast parses, without its I/O, and only this source file
// includes it because it is slow to compile. The caller passes the whole head, checked by
// check_head, and then the body in any pieces. The parsed pieces of the body come back as views.

#include <cstdint>
#include <memory>
#include <string_view>

#include "agent/http/message.h"
#include "crdt/base/result.h"

namespace http {

// kTooLarge with the limit of the route.
base::Error body_too_large(std::uint64_t byte_limit);

class Parser {
 public:
  // Bytes of chunk extensions and trailers of one request, which nobody reads; above: kInvalid.
  static constexpr std::size_t kFramingBytesMax = 4096;

  Parser();
  ~Parser();

  // Starts a request. `head` ends with its empty line. Sets verb, method, headers and target.
  base::Status read_head(std::string_view head, Request& out);

  bool keep_alive() const;
  bool is_http_1_0() const;
  bool done() const;                          // the request is complete
  std::uint64_t content_length() const;       // 0 when the body is chunked
  void limit_body(std::uint64_t byte_limit);  // if chunked; call it before read_body

  struct Step {
    std::size_t consumed = 0;  // 0 and not done: more bytes are needed
    std::string_view piece;    // a part of the body, inside the given bytes
  };
  // Reads one piece of the body. kTooLarge above the limit, kInvalid for broken framing.
  base::Result<Step> read_body(std::string_view bytes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace http
