#pragma once

// One request taken from bytes, at a time. Beast reads it, without its I/O and behind this one
// source file, because it is slow to compile. The caller brings the whole head, checked by
// check_head, and then feeds the body in whatever pieces come; pieces of it come back as views.

#include <cstdint>
#include <memory>
#include <string_view>

#include "agent/http/message.h"
#include "crdt/base/result.h"

namespace http {

class Parser {
 public:
  // Chunk extensions and trailers of one request, which nobody here reads; above: kInvalid.
  static constexpr std::size_t kFramingBytesMax = 4096;

  Parser();
  ~Parser();

  // Starts a request. `head` ends with its empty line. Fills verb, method, headers and target.
  base::Status read_head(std::string_view head, Request& out);

  bool keep_alive() const;
  bool is_http_1_0() const;
  bool done() const;                          // nothing more belongs to this request
  std::uint64_t content_length() const;       // 0 when the body is chunked
  void limit_body(std::uint64_t byte_limit);  // for chunked bodies; before the first read_body

  struct Step {
    std::size_t consumed = 0;  // 0 and not done: more bytes are needed behind these
    std::string_view piece;    // of the body, inside the bytes given
  };
  // One step into the body. kTooLarge above the limit, kInvalid for broken framing.
  base::Result<Step> read_body(std::string_view bytes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace http
