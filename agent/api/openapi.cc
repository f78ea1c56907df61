#include "agent/api/openapi.h"

#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "agent/api/json_text.h"
#include "agent/api/openapi_files.h"
#include "agent/api/reading.h"
#include "crdt/base/check.h"
#include "crdt/value.h"

namespace agent {
namespace {

using crdt::Members;

constexpr std::string_view kTail = "...}";
constexpr std::string_view kUsualError = "Error";

// What the file of a door says about one of its routes.
struct Described {
  Members operation;
  std::string tag;    // the name of the file
  std::string error;  // the schema of its refusals
};

// The files together.
struct Descriptions {
  std::map<std::string, Described> routes;                               // by "GET /v1/status"
  std::map<std::string, std::map<std::string, std::string>> components;  // by kind and name
};

std::string member(const Members& members, std::string_view key, std::string_view usual = "{}") {
  for (const auto& [name, value] : members) {
    if (name == key) return value;
  }
  return std::string(usual);
}

// The files are a part of the program, and a test reads them all.
Members object(const std::string& text) {
  auto members = crdt::object_members(text);
  CHECK(members.ok());
  return std::move(*members);
}

void add_file(const WebFile& file, Descriptions& all) {
  const auto text = crdt::minify_json(file.plain);
  CHECK(text.ok());
  const Members members = object(*text);
  const std::string tag(file.name.substr(0, file.name.rfind('.')));
  const std::string named = member(members, "error", "");
  const std::string error = named.empty() ? std::string(kUsualError) : crdt::json_unquote(named);
  for (const auto& [route, operation] : object(member(members, "routes"))) {
    all.routes.emplace(route, Described{object(operation), tag, error});
  }
  for (const auto& [kind, parts] : object(member(members, "components"))) {
    for (auto& [name, component] : object(parts)) all.components[kind].emplace(name, component);
  }
}

Descriptions read_files() {
  Descriptions all;
  for (const WebFile& file : openapi_files()) add_file(file, all);
  return all;
}

std::vector<std::string> documented_paths(const std::string& pattern) {
  if (!pattern.ends_with(kTail)) return {pattern};
  std::string without = pattern.substr(0, pattern.rfind('/'));
  std::string with = pattern.substr(0, pattern.size() - kTail.size()) + "}";
  return {without, with};
}

std::string reference(std::string_view kind, std::string_view name) {
  std::string to = "#/components/";
  return JsonObject().text("$ref", ((to += kind) += '/') += name).take();
}

// A parameter is described by its route, else by the component with its name.
std::string parameter(const Descriptions& all, const Members& own, const std::string& name,
                      std::string_view in) {
  const std::string described = member(own, name, "");
  const auto shared = all.components.find("parameters");
  if (described.empty() && shared != all.components.end() && shared->second.contains(name)) {
    return reference("parameters", name);
  }
  JsonObject out;
  out.text("name", name).text("in", in);
  if (in == "path") out.boolean("required", true);
  if (described.empty()) return out.raw("schema", R"({"type":"string"})").take();
  for (const auto& [key, value] : object(described)) out.raw(key, value);
  return out.take();
}

std::string parameters(const Descriptions& all, const Members& own, const std::string& path,
                       const http::Route& route) {
  std::string items;
  auto add = [&](const std::string& name, std::string_view in) {
    if (!items.empty()) items += ',';
    items += parameter(all, own, name, in);
  };
  for (std::size_t open = path.find('{'); open != std::string::npos; open = path.find('{', open)) {
    std::size_t close = path.find('}', open);
    add(path.substr(open + 1, close - open - 1), "path");
    open = close;
  }
  for (const std::string& name : route.query_names) add(name, "query");
  for (const std::string& name : route.header_names) add(name, "header");
  return "[" + items + "]";
}

std::string lower_case(std::string_view verb) {
  std::string out(verb);
  for (char& c : out) c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// Each is optional, because programs on the host of the agent need none (docs/operating.md, "Keys
// and certificates"). OpenAPI has no scopes for such keys, so they stand in fields of our own.
void add_security(JsonObject& out, const http::Route& route) {
  static constexpr std::string_view kScopes[] = {"by verb", "none",  "any key",
                                                 "read",    "write", "admin"};
  std::string_view scope = kScopes[static_cast<std::size_t>(route.scope)];
  if (route.scope == http::Scope::kNone) {
    out.raw("security", "[]");
  } else {
    out.raw("security", route.key_in_query ? R"([{},{"key":[]},{"bearer":[]},{"key_in_query":[]}])"
                                           : R"([{},{"key":[]},{"bearer":[]}])");
  }
  out.text("x-scope", scope).boolean("x-signed-off-loopback", route.signed_off_loopback);
}

std::string security_schemes() {
  auto key = [](std::string_view in, std::string_view name) {
    return JsonObject().text("type", "apiKey").text("in", in).text("name", name).take();
  };
  return JsonObject()
      .raw("key", key("header", "X-CRDT-API-Key"))
      .raw("bearer", R"({"type":"http","scheme":"bearer"})")
      .raw("key_in_query", key("query", "api_key"))
      .take();
}

void add_bounds(JsonObject& out, const http::Route& route) {
  const bool takes_body = route.verb == http::Verb::kPost || route.verb == http::Verb::kPut ||
                          route.verb == http::Verb::kPatch;
  if (takes_body && route.body_max != std::numeric_limits<std::size_t>::max()) {
    out.number("x-body-bytes-max", route.body_max);
  }
  if (route.websocket) out.number("x-message-bytes-max", route.message_max);
}

std::string refusal(const std::string& quoted_description, const std::string& schema) {
  const std::string content = JsonObject().raw("schema", reference("schemas", schema)).take();
  return JsonObject()
      .raw("description", quoted_description)
      .raw("content", JsonObject().raw("application/json", content).take())
      .take();
}

// What every route may answer besides, of the connection or of the door.
std::string others(const std::string& schema) {
  const std::string usual = reference("schemas", kUsualError);
  std::string any = usual;
  if (schema != kUsualError) {
    any = JsonObject().raw("anyOf", "[" + reference("schemas", schema) + "," + usual + "]").take();
  }
  const std::string content = JsonObject().raw("schema", any).take();
  return JsonObject()
      .text("description", "Another refusal; docs/api.md lists them")
      .raw("content", JsonObject().raw("application/json", content).take())
      .take();
}

// A status with a text alone is a refusal.
std::string responses(const Described& described) {
  JsonObject out;
  for (const auto& [status, response] : object(member(described.operation, "responses"))) {
    const bool is_text = response.starts_with('"');
    out.raw(status, is_text ? refusal(response, described.error) : response);
  }
  return out.raw("default", others(described.error)).take();
}

std::string operation(const Descriptions& all, const std::string& path, const http::Route& route) {
  const std::string name = std::string(http::verb_name(route.verb)) + " " + route.pattern;
  const auto found = all.routes.find(name);
  const Described described =
      found == all.routes.end() ? Described{{}, "other", std::string(kUsualError)} : found->second;
  const bool below = route.pattern.ends_with(kTail) && path.ends_with('}') &&
                     path != documented_paths(route.pattern)[0];
  JsonObject out;
  out.text("summary", route.summary).raw("tags", json_strings({described.tag}));
  for (const auto& [key, value] : described.operation) {
    if (key == "parameters" || key == "responses") continue;
    // Names of operations are unique.
    const bool renamed = key == "operationId" && below;
    out.raw(key, renamed ? crdt::json_quote(crdt::json_unquote(value) + "_below") : value);
  }
  out.raw("parameters",
          parameters(all, object(member(described.operation, "parameters")), path, route));
  add_security(out, route);
  add_bounds(out, route);
  return out.raw("responses", responses(described)).take();
}

std::string components_text(const Descriptions& all) {
  JsonObject out;
  for (const auto& [kind, named] : all.components) {
    JsonObject members;
    for (const auto& [name, component] : named) members.raw(name, component);
    out.raw(kind, members.take());
  }
  return out.raw("securitySchemes", security_schemes()).take();
}

}  // namespace

std::string openapi_text(const http::Router& router) {
  const Descriptions all = read_files();
  std::map<std::string, JsonObject> operations;
  for (const http::Route& route : router.routes()) {
    for (const std::string& path : documented_paths(route.pattern)) {
      operations[path].raw(lower_case(http::verb_name(route.verb)), operation(all, path, route));
    }
  }
  JsonObject paths;
  for (auto& [path, verbs] : operations) paths.raw(path, verbs.take());
  return JsonObject()
      .text("openapi", "3.1.0")
      .raw("info", JsonObject().text("title", "Hearsay").text("version", HEARSAY_VERSION).take())
      .raw("servers", R"([{"url":"/"}])")
      .raw("paths", paths.take())
      .raw("components", components_text(all))
      .take();
}

void add_openapi_route(http::Router& router) {
  router.add({http::Verb::kGet,
              "/openapi.json",
              [&router, text = std::string()](const ExchangePtr& exchange) mutable {
                if (text.empty()) text = openapi_text(router);
                exchange->respond(http::json_response(text));
              },
              "This description, made from the table of routes",
              {}});
}

}  // namespace agent
