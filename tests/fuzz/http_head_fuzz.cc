// Any bytes as a request. They pass the guard, the parser, the checks of Host and Origin, and the
// routes, as on a connection. The body that is found must not depend on how the bytes were cut into
// pieces.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/http/guard.h"
#include "agent/http/parser.h"
#include "agent/http/router.h"
#include "crdt/base/check.h"

namespace {

constexpr std::uint64_t kBodyMax = 4096;

const http::Router& routes() {
  static const http::Router router = [] {
    http::Router out;
    for (const char* pattern : {"/v1/status", "/v1/objects/{id}/{path...}", "/{any}"}) {
      http::Route route;
      route.pattern = pattern;
      route.handler = [](const auto&) {};
      out.add(std::move(route));
    }
    return out;
  }();
  return router;
}

enum class End { kDone, kBroken, kMissing };

struct Read {
  End end = End::kMissing;
  std::string body;
  std::size_t taken = 0;
};

// Feeds the body as it grows by `step` bytes.
Read read_body(std::string_view head, std::string_view body, std::size_t step) {
  http::Parser parser;
  http::Request request;
  CHECK(parser.read_head(head, request).ok());
  parser.limit_body(kBodyMax);
  Read out;
  for (std::size_t end = std::min(step, body.size());; end = std::min(end + step, body.size())) {
    while (!parser.done() && out.taken < end) {
      auto read = parser.read_body(body.substr(out.taken, end - out.taken));
      out.end = End::kBroken;
      if (!read.ok()) return out;
      if (read->consumed == 0) break;
      CHECK(read->consumed <= end - out.taken);
      out.taken += read->consumed;
      out.body += read->piece;
    }
    out.end = parser.done() ? End::kDone : End::kMissing;
    if (parser.done() || end == body.size()) return out;
  }
}

// A complete body is the same however its bytes were cut, and a malformed body is never complete.
void check_body(std::string_view head, std::string_view body) {
  if (body.size() > http::Parser::kFramingBytesMax) return;  // too long: noticed only when cut
  Read at_once = read_body(head, body, body.size() + 1);
  for (std::size_t step : {1u, 2u, 3u, 7u}) {
    Read cut = read_body(head, body, step);
    CHECK((cut.end == End::kDone) == (at_once.end == End::kDone));
    if (cut.end != End::kDone) continue;
    CHECK(cut.body == at_once.body);
    CHECK(cut.taken == at_once.taken);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::size_t end = input.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    (void)http::check_head(input);
    (void)http::parse_target(input);
    return 0;
  }
  std::string_view head = input.substr(0, end + 4);
  if (!http::check_head(input.substr(0, end + 2)).ok()) return 0;
  http::Parser parser;
  http::Request request;
  if (!parser.read_head(head, request).ok()) return 0;

  bool has_coding = !request.header("transfer-encoding").empty();
  bool has_length = !request.header("content-length").empty();
  CHECK(!(has_coding && has_length));
  CHECK(has_coding || has_length || parser.done());
  const http::Doors doors{{"localhost:7780"}, {"https://app.example"}};
  if (http::check_doors(request, doors).ok()) (void)http::cors_headers(request, doors);
  (void)routes().match(request.verb, request.target.segments);
  for (const auto& segment : request.target.segments) {
    auto again = http::parse_target("/" + http::percent_encode(segment));
    CHECK(again.ok());
    CHECK(segment.empty() || again->segments.at(0) == segment);
  }
  check_body(head, input.substr(end + 4));
  return 0;
}
