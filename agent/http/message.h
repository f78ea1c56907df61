#pragma once

// Requests and responses as values.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdt/base/result.h"

namespace http {

enum class Verb : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };
std::string_view verb_name(Verb verb);

using Headers = std::vector<std::pair<std::string, std::string>>;  // names lower case

// A request target in its parts. The path is split first, then each segment is percent-decoded:
// `%2F` stays inside its segment. `.` and `..` are ordinary segments, nothing is normalised, and
// `+` is a plus sign.
struct Target {
  std::string authority;              // of "http://host:port/a", else empty
  std::string path;                   // as sent, before '?'
  std::string query_text;             // as sent, after '?'
  std::vector<std::string> segments;  // of "/a/b%2Fc": "a", "b/c"; of "/": none; of "/a/": "a", ""
  std::vector<std::pair<std::string, std::string>> query;                    // decoded, in order
  std::optional<std::string_view> query_value(std::string_view name) const;  // the first one
  // Of a parameter that is 1 or 0; absent means 0. kInvalid for another value.
  base::Result<bool> query_flag(std::string_view name) const;
};
// kInvalid: a malformed percent escape, NUL or invalid UTF-8 after decoding, a fragment, or neither
// a path nor an http:// address.
base::Result<Target> parse_target(std::string_view target);
std::string percent_encode(std::string_view segment);  // all except unreserved characters

struct Request {
  Verb verb = Verb::kGet;
  std::string method;  // as sent
  Target target;
  Headers headers;
  std::string body;     // empty for routes that stream it
  std::string pattern;  // of the route that matched: "/v1/objects/{id}/{path...}"
  // The values of the names in the pattern. "{path...}" matches zero or more segments.
  std::vector<std::string> captures;  // of the names of one segment, in order
  std::vector<std::string> tail;      // of "{name...}"
  std::string caller;                 // the id of the API key, from Options::judge; empty: none
  std::string_view header(std::string_view lower_case_name) const;  // empty when absent
};

struct Response {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  Headers headers;
};

Response json_response(std::string body);
// {"error":{"code":"…","message":"…"}} with the status of the code.
Response error_response(const base::Error& error);
// The same with another status.
Response refusal_response(int status, const base::Error& error);

}  // namespace http
