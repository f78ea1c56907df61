// Any bytes as the target of a request: path and query are split and decoded, a route is found, and
// the place, the page and the cursors of the request are read. What was decoded is encoded again
// and must be found again; no segment is joined, split or normalised.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/api/catalog_delta_page.h"
#include "agent/api/paging.h"
#include "agent/api/place.h"
#include "agent/api/query.h"
#include "agent/api/request_name.h"
#include "agent/api/text_cursors.h"
#include "agent/http/message.h"
#include "agent/http/router.h"
#include "crdt/base/bytes.h"
#include "crdt/base/check.h"

namespace {

constexpr std::string_view kNode = "01234567";

const http::Router& router() {
  static const http::Router routes = [] {
    http::Router filled;
    for (const char* pattern :
         {"/", "/v1/objects", "/v1/objects/{id}/{path...}", "/crdt/object/{object_id}",
          "/snapshots/add/{id}", "/v1/presence/{topic}/{key}", "/ui/{path...}"}) {
      http::Route route;
      route.pattern = pattern;
      route.handler = [](const std::shared_ptr<http::Exchange>&) {};
      filled.add(std::move(route));
    }
    return filled;
  }();
  return routes;
}

void check_round_trip(const http::Target& target) {
  std::string text;
  for (const std::string& segment : target.segments) text += "/" + http::percent_encode(segment);
  if (text.empty()) text = "/";
  char separator = '?';
  for (const auto& [name, value] : target.query) {
    text += separator + http::percent_encode(name) + "=" + http::percent_encode(value);
    separator = '&';
  }
  const auto again = http::parse_target(text);
  CHECK(again.ok());
  CHECK(again->query == target.query);
  // "/" has no segments, and one empty segment is written like it.
  const bool one_empty = target.segments.size() == 1 && target.segments.front().empty();
  CHECK(one_empty || again->segments == target.segments);
}

void check_route(http::Request& request) {
  const auto& segments = request.target.segments;
  http::Router::Match match = router().match(http::Verb::kGet, segments);
  if (match.route == nullptr) return;
  CHECK(match.captures.size() + match.tail.size() <= segments.size());
  CHECK(std::equal(match.tail.rbegin(), match.tail.rend(), segments.rbegin()));
  request.captures = std::move(match.captures);
  request.tail = std::move(match.tail);
  if (match.route->pattern != "/v1/objects/{id}/{path...}") return;
  const auto place = agent::place_of(request);
  if (!place.ok()) {
    CHECK(!place.error().message.empty());
    return;
  }
  CHECK(!place->object.empty() && place->object == segments.at(2));
  CHECK(place->path.size() == segments.size() - 3);
}

void check_parameters(const http::Target& target) {
  const auto page = agent::page_of(target);
  CHECK(!page.ok() || (page->limit >= 1 && page->limit <= 10'000));
  (void)agent::cursor_query(target);
  (void)target.query_flag("inspect");
  if (const auto since = target.query_value("since")) {
    const auto place = agent::parse_cursor(*since, kNode);
    if (place.ok()) {
      const std::string text = agent::cursor_text(kNode, *place);
      const auto again = agent::parse_cursor(text, kNode);
      CHECK(again.ok());
      CHECK(agent::cursor_text(kNode, *again) == text);
    }
  }
  if (const auto q = target.query_value("q")) {
    const auto query = agent::Query::parse(*q);
    if (query.ok()) (void)query->matches("id", {{"size", "1"}, {"a", "{\"b\":\"x\"}"}});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  auto target = http::parse_target(input);
  if (!target.ok()) {
    CHECK(!target.error().message.empty());
    return 0;
  }
  for (const std::string& segment : target->segments) {
    CHECK(base::is_utf8(segment));
    CHECK(segment.find('\0') == std::string::npos);
  }
  check_round_trip(*target);
  check_parameters(*target);
  http::Request request;
  request.target = std::move(*target);
  request.headers.emplace_back("idempotency-key", std::string(input.substr(0, 70)));
  (void)agent::request_name(request);
  check_route(request);
  return 0;
}
