#include "agent/api/openapi.h"

#include <map>
#include <utility>
#include <vector>

#include "agent/api/json_text.h"
#include "agent/api/reading.h"

namespace agent {
namespace {

constexpr std::string_view kTail = "...}";

std::vector<std::string> documented_paths(const std::string& pattern) {
  if (!pattern.ends_with(kTail)) return {pattern};
  std::string without = pattern.substr(0, pattern.rfind('/'));
  std::string with = pattern.substr(0, pattern.size() - kTail.size()) + "}";
  return {without, with};
}

std::string parameter(std::string_view name, std::string_view in, bool required) {
  return JsonObject()
      .text("name", name)
      .text("in", in)
      .boolean("required", required)
      .raw("schema", R"({"type":"string"})")
      .take();
}

std::string parameters(const std::string& path, const http::Route& route) {
  std::string items;
  auto add = [&items](const std::string& item) {
    if (!items.empty()) items += ',';
    items += item;
  };
  for (std::size_t open = path.find('{'); open != std::string::npos; open = path.find('{', open)) {
    std::size_t close = path.find('}', open);
    add(parameter(std::string_view(path).substr(open + 1, close - open - 1), "path", true));
    open = close;
  }
  for (const std::string& name : route.query_names) add(parameter(name, "query", false));
  for (const std::string& name : route.header_names) add(parameter(name, "header", false));
  return "[" + items + "]";
}

std::string lower_case(std::string_view verb) {
  std::string out(verb);
  for (char& c : out) c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string operation(const std::string& path, const http::Route& route) {
  JsonObject out;
  out.text("summary", route.summary).raw("parameters", parameters(path, route));
  bool takes_body = route.verb == http::Verb::kPost || route.verb == http::Verb::kPut ||
                    route.verb == http::Verb::kPatch;
  if (takes_body) {
    out.raw("requestBody", route.streams_body ? R"({"content":{"application/x-ndjson":{}}})"
                                              : R"({"content":{"application/json":{}}})");
  }
  return out
      .raw("responses",
           R"({"200":{"description":"done"},"default":{"description":"{\"error\":{\"code\",)"
           R"(\"message\"}}"}})")
      .take();
}

}  // namespace

std::string openapi_text(const http::Router& router) {
  std::map<std::string, JsonObject> operations;
  for (const http::Route& route : router.routes()) {
    for (const std::string& path : documented_paths(route.pattern)) {
      operations[path].raw(lower_case(http::verb_name(route.verb)), operation(path, route));
    }
  }
  JsonObject paths;
  for (auto& [path, verbs] : operations) paths.raw(path, verbs.take());
  return JsonObject()
      .text("openapi", "3.0.3")
      .raw("info", JsonObject().text("title", "Hearsay").text("version", HEARSAY_VERSION).take())
      .raw("paths", paths.take())
      .take();
}

void add_openapi_route(http::Router& router) {
  router.add({http::Verb::kGet,
              "/openapi.json",
              [&router](const ExchangePtr& exchange) {
                exchange->respond(http::json_response(openapi_text(router)));
              },
              "This description, made from the table of routes",
              {}});
}

}  // namespace agent
