// The files in agent/api/openapi and the table of the router describe the same routes. The files
// are read here from the source tree, as a person reads them. tests/docs compares the document with
// what a running agent answers.

#include "agent/api/openapi.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include "agent/api/api.h"
#include "agent/api/credentials.h"
#include "tests/api/answers.h"

namespace agent {
namespace {

// All routes of an agent, and the document about them.
struct Door {
  FakeHost host{"A"};
  auth::Access access{base::Random::from_number(1)};
  http::Router router;
  Json document;

  Door() {
    add_routes(host, router);
    add_nonce_route(
        access, [] { return auth::Time{}; }, router);
    document = Json::parse(openapi_text(router));
  }
};

std::string name_of(const http::Route& route) {
  return std::string(http::verb_name(route.verb)) + " " + route.pattern;
}

std::map<std::string, Json> files() {
  std::map<std::string, Json> found;
  const std::string folder = std::string(HEARSAY_SOURCE_DIR) + "/agent/api/openapi";
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    std::stringstream text;
    text << std::ifstream(file.path()).rdbuf();
    found[file.path().filename().string()] = Json::parse(text.str());
  }
  return found;
}

// "GET /v1/status" and so on, each with its operation; of a tail both paths.
std::map<std::string, Json> operations(const Json& document) {
  std::map<std::string, Json> found;
  for (const auto& [path, verbs] : document["paths"].items()) {
    for (const auto& [verb, operation] : verbs.items()) found[verb + " " + path] = operation;
  }
  return found;
}

// The names in braces of a pattern, without the dots of a tail.
std::set<std::string> names_in(const std::string& pattern) {
  std::set<std::string> names;
  for (std::size_t open = pattern.find('{'); open != pattern.npos; open = pattern.find('{', open)) {
    const std::size_t close = pattern.find_first_of(".}", open);
    names.insert(pattern.substr(open + 1, close - open - 1));
    open = close;
  }
  return names;
}

TEST(OpenApi, EveryRouteIsDescribedInOneFileAndNothingElseIs) {
  Door a;
  std::set<std::string> expected;
  for (const http::Route& route : a.router.routes()) expected.insert(name_of(route));

  std::set<std::string> described;
  for (const auto& [file, content] : files()) {
    for (const auto& [key, value] : content.items()) {
      EXPECT_TRUE(key == "routes" || key == "components" || key == "error") << file << ": " << key;
    }
    if (!content.contains("routes")) continue;
    for (const auto& [route, operation] : content["routes"].items()) {
      EXPECT_TRUE(described.insert(route).second) << route << " is described twice; " << file;
    }
  }

  EXPECT_EQ(described, expected);
}

TEST(OpenApi, EveryComponentIsInOneFile) {
  std::set<std::string> components;
  for (const auto& [file, content] : files()) {
    if (!content.contains("components")) continue;
    for (const auto& [kind, named] : content["components"].items()) {
      for (const auto& [name, component] : named.items()) {
        std::string id = kind + " " + name;
        EXPECT_TRUE(components.insert(id).second) << id << " is described twice; " << file;
      }
    }
  }
  EXPECT_GT(components.size(), 20u);
}

TEST(OpenApi, TheParametersAreThoseOfTheRouterAndEachIsDescribed) {
  Door a;

  for (const http::Route& route : a.router.routes()) {
    std::set<std::string> known = names_in(route.pattern);
    known.insert(route.query_names.begin(), route.query_names.end());
    known.insert(route.header_names.begin(), route.header_names.end());
    for (const auto& [file, content] : files()) {
      if (!content.contains("routes") || !content["routes"].contains(name_of(route))) continue;
      const Json& operation = content["routes"][name_of(route)];
      if (!operation.contains("parameters")) continue;
      for (const auto& [name, parameter] : operation["parameters"].items()) {
        EXPECT_TRUE(known.contains(name)) << name_of(route) << " has no parameter " << name;
      }
    }
  }
  for (const auto& [name, operation] : operations(a.document)) {
    for (const Json& part : operation["parameters"]) {
      const Json& parameter = resolved(a.document, part);
      EXPECT_TRUE(parameter.contains("description")) << name << " " << parameter;
      EXPECT_TRUE(parameter.contains("schema")) << name << " " << parameter;
    }
  }
}

TEST(OpenApi, EveryOperationHasANameOfItsOwnAndSaysWhatItAnswers) {
  Door a;
  std::set<std::string> ids;

  for (const auto& [name, operation] : operations(a.document)) {
    ASSERT_TRUE(operation.contains("operationId")) << name;
    EXPECT_TRUE(ids.insert(operation["operationId"].get<std::string>()).second)
        << operation["operationId"];
    EXPECT_EQ(operation["tags"].size(), 1u) << name;
    const Json& responses = operation["responses"];
    EXPECT_TRUE(responses["default"]["content"].contains("application/json")) << name;
    for (const auto& [status, part] : responses.items()) {
      const Json& response = resolved(a.document, part);
      EXPECT_TRUE(response["description"].is_string()) << name << " " << status;
      const bool bare = status == "101" || status == "304" || status == "308";
      EXPECT_EQ(response.contains("content"), !bare) << name << " " << status;
    }
  }
  EXPECT_GT(ids.size(), 30u);
}

TEST(OpenApi, ReferencesHaveTheirTarget) {
  Door a;
  std::size_t count = 0;
  const std::function<void(const Json&)> visit = [&](const Json& part) {
    if (part.is_object() && part.contains("$ref")) {
      ++count;
      const Json::json_pointer to(part["$ref"].get<std::string>().substr(1));
      EXPECT_TRUE(a.document.contains(to)) << part["$ref"];
    }
    if (!part.is_structured()) return;
    for (const Json& inside : part) visit(inside);
  };

  visit(a.document);

  EXPECT_GT(count, 100u);
}

TEST(OpenApi, HasTheBoundsOfTheRouter) {
  Door a;
  const auto all = operations(a.document);

  EXPECT_EQ(all.at("post /snapshots/add/{id}")["x-body-bytes-max"], 1u << 20);
  EXPECT_EQ(all.at("patch /v1/objects/{id}")["x-body-bytes-max"], 16u << 20);
  EXPECT_FALSE(all.at("post /v1/import").contains("x-body-bytes-max"));  // it has none
  EXPECT_FALSE(all.at("get /v1/status").contains("x-body-bytes-max"));
}

// The door of a test, so that a route without a description can be seen.
TEST(OpenApi, ARouteThatNobodyDescribesHasWhatTheRouterKnows) {
  http::Router router;
  http::Route route;
  route.pattern = "/test/{name}/{path...}";
  route.summary = "For a test";
  route.handler = [](const std::shared_ptr<http::Exchange>&) {};
  route.query_names = {"limit", "colour"};
  route.header_names = {"X-Test"};
  route.websocket = true;
  route.message_max = 77;
  route.key_in_query = true;
  router.add(route);

  const Json document = Json::parse(openapi_text(router));

  const Json& operation = document["paths"]["/test/{name}/{path}"]["get"];
  EXPECT_EQ(operation["summary"], "For a test");
  EXPECT_EQ(operation["x-message-bytes-max"], 77);
  EXPECT_EQ(operation["x-scope"], "read");
  EXPECT_EQ(operation["security"].size(), 4u);
  std::map<std::string, std::string> places;
  for (const Json& part : operation["parameters"]) {
    const Json& parameter = resolved(document, part);
    places[parameter["name"].get<std::string>()] = parameter["in"].get<std::string>();
  }
  EXPECT_EQ(places, (std::map<std::string, std::string>{{"name", "path"},
                                                        {"path", "path"},
                                                        {"limit", "query"},
                                                        {"colour", "query"},
                                                        {"X-Test", "header"}}));
  EXPECT_EQ(document["paths"]["/test/{name}"]["get"]["parameters"].size(), 4u);
  EXPECT_EQ(operation["responses"].size(), 1u);
}

TEST(OpenApi, ADoorWithErrorsOfItsOwnSaysSo) {
  Door a;
  const auto all = operations(a.document);

  const Json& usual = all.at("get /v1/status")["responses"]["default"];
  EXPECT_EQ(usual["content"]["application/json"]["schema"]["$ref"], "#/components/schemas/Error");
  const Json& sync = all.at("post /crdt/sync")["responses"];
  EXPECT_EQ(sync["409"]["content"]["application/json"]["schema"]["$ref"],
            "#/components/schemas/DeltaError");
  EXPECT_EQ(sync["default"]["content"]["application/json"]["schema"]["anyOf"].size(), 2u);
}

}  // namespace
}  // namespace agent
