#pragma once

// Answers in the form in which tests compare them.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/api/fake_host.h"

namespace agent {

using Json = nlohmann::json;

inline Json parsed(const http::Response& response) {
  Json json = Json::parse(response.body, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << response.body;
  return json;
}

inline std::string header(const http::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

// The answer, which must be 200.
inline std::string body(FakeHost& host, const std::string& verb, const std::string& target,
                        const std::string& sent = "") {
  http::Response response = host.call(verb, target, sent);
  EXPECT_EQ(response.status, 200) << verb << " " << target << ": " << response.body;
  return response.body;
}

inline Json json(FakeHost& host, const std::string& verb, const std::string& target,
                 const std::string& sent = "") {
  return Json::parse(body(host, verb, target, sent), nullptr, false);
}

// The status and the error's code: "404 not_found".
inline std::string refusal(FakeHost& host, const std::string& verb, const std::string& target,
                           const std::string& sent = "") {
  http::Response response = host.call(verb, target, sent);
  Json json = parsed(response);
  EXPECT_TRUE(json["error"]["message"].is_string()) << response.body;
  return std::to_string(response.status) + " " + json["error"]["code"].get<std::string>();
}

// A part of an OpenAPI document, or the component that it refers to.
inline const Json& resolved(const Json& document, const Json& part) {
  if (!part.contains("$ref")) return part;
  return document.at(Json::json_pointer(part["$ref"].get<std::string>().substr(1)));
}

// The target of a Link header with rel="next"; empty when there is none.
inline std::string next_of(const http::Response& response) {
  std::string link = header(response, "Link");
  if (link.empty()) return "";
  EXPECT_TRUE(link.starts_with("</") && link.ends_with(">; rel=\"next\"")) << link;
  return link.substr(1, link.find('>') - 1);
}

}  // namespace agent
