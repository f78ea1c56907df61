#include "agent/api/ui.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "agent/api/reading.h"
#include "agent/web/files.h"

namespace agent {
namespace {

// Scripts, styles and connections of the page come from this agent alone, nothing is inline, and no
// other page may frame it.
constexpr const char* kPolicy = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'";

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Calls `visit` with each element of a header that is a list, until it returns true.
template <typename Visit>
bool any_element(std::string_view list, const Visit& visit) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    if (visit(trimmed(list.substr(0, end)))) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

// "gzip", "gzip;q=0.5" or "*"; not "gzip;q=0", "gzip; q=0.000".
bool takes_gzip(std::string_view accept_encoding) {
  return any_element(accept_encoding, [](std::string_view element) {
    const std::size_t end = std::min(element.find(';'), element.size());
    const std::string_view name = trimmed(element.substr(0, end));
    if (name != "gzip" && name != "x-gzip" && name != "*") return false;
    const std::size_t weight = element.find("q=", end);
    return weight == element.npos || element.find_first_not_of("0.", weight + 2) != element.npos;
  });
}

// A cache may compare weakly: it asks for the same content, in whatever encoding.
bool names_etag(std::string_view if_none_match, std::string_view etag) {
  return any_element(if_none_match, [&](std::string_view element) {
    if (element.starts_with("W/")) element.remove_prefix(2);
    return element == etag || element == "*";
  });
}

// `segments` is not empty.
std::string joined(const std::vector<std::string>& segments) {
  std::string name = segments.front();
  for (std::size_t i = 1; i < segments.size(); ++i) name += "/" + segments[i];
  return name;
}

http::Response file_response(const http::Request& request, const WebFile& file) {
  http::Response response;
  response.content_type = file.media_type;
  response.headers = {{"cache-control", "no-cache"},
                      {"etag", std::string(file.etag)},
                      {"vary", "accept-encoding"},
                      {"content-security-policy", kPolicy},
                      {"referrer-policy", "no-referrer"}};
  if (names_etag(request.header("if-none-match"), file.etag)) {
    response.status = 304;
    return response;
  }
  const bool gzip = takes_gzip(request.header("accept-encoding"));
  if (gzip) response.headers.emplace_back("content-encoding", "gzip");
  response.body = gzip ? file.gzip : file.plain;
  return response;
}

// Browsers keep this answer only as long as it is shown: another program may get the port later.
void go_to_page(const ExchangePtr& exchange) {
  http::Response response;
  response.status = 308;
  response.content_type = "text/plain";
  response.headers = {{"location", "/ui/"}, {"cache-control", "no-store"}};
  exchange->respond(std::move(response));
}

void get_file(const ExchangePtr& exchange) {
  const http::Request& request = exchange->request();
  // "/ui": relative links of the page need the slash.
  if (request.tail.empty()) return go_to_page(exchange);
  const std::string name = joined(request.tail);
  const WebFile* file = find_web_file(name);
  if (!file) {
    return exchange->fail(
        {base::Code::kNotFound, "the page has no file " + name + "; the page itself is at /ui/"});
  }
  exchange->respond(file_response(request, *file));
}

}  // namespace

void add_ui_routes(http::Router& router) {
  http::Route route;
  route.pattern = "/ui/{path...}";
  route.handler = get_file;
  route.summary = "The page for people";
  route.scope = http::Scope::kNone;  // a browser can show a key only after it has the page
  http::Route root;
  root.pattern = "/";
  root.handler = go_to_page;
  root.summary = "The way to the page";
  root.scope = http::Scope::kNone;
  router.add(std::move(route));
  router.add(std::move(root));
}

}  // namespace agent
