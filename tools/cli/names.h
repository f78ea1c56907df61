#pragma once

// Ids and times in the form that people read, the same in every table. Programs use -o json, which
// has the full ids.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tools/cli/client.h"

namespace cli {

// The first 8 of the 32 hex digits of a node or an actor; any other text unchanged. The length is
// the same everywhere, so that an id of one table can be found in another.
std::string short_id(std::string_view id);
std::string short_dot(std::string_view dot);  // "<actor>:<seq>:<index>" with a short actor

// Turns a stamp "<nanoseconds>.<counter>" into "2026-01-31T12:00:00.123Z"; any other text is
// unchanged.
std::string readable_stamp(std::string_view stamp);

// The names of nodes, from GET /v1/members. It asks when the first name is needed, and again for an
// unknown id, at most every two seconds.
class Names {
 public:
  explicit Names(Client client) : client_(std::move(client)) {}

  // "n1 00112233" for a node; a short id if the name is not known; a text that is no id unchanged.
  std::string of(std::string_view writer);

 private:
  void ask();

  Client client_;
  std::map<std::string, std::string, std::less<>> names_;  // by node id
  std::optional<std::chrono::steady_clock::time_point> asked_;
};

}  // namespace cli
