#pragma once

// Ids and times as people read them, in every table alike. Programs take -o json, which has them
// whole.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tools/cli/client.h"

namespace cli {

// The first 8 of the 32 hex digits of a node or an actor; anything else as it is. The same length
// everywhere, so that an id of one table is found in another.
std::string short_id(std::string_view id);
std::string short_dot(std::string_view dot);  // "<actor>:<seq>:<index>" with a short actor

// "2026-01-31T12:00:00.123Z" of a stamp "<nanoseconds>.<counter>"; another text as it is.
std::string readable_stamp(std::string_view stamp);

// The names of nodes, from GET /v1/members. Asked when the first one is wanted, and again, at most
// every two seconds, when one is not known.
class Names {
 public:
  explicit Names(Client client) : client_(std::move(client)) {}

  // "n1 00112233" of a node; a short id where its name is not known; what is no id, as it is.
  std::string of(std::string_view writer);

 private:
  void ask();

  Client client_;
  std::map<std::string, std::string, std::less<>> names_;  // by node id
  std::optional<std::chrono::steady_clock::time_point> asked_;
};

}  // namespace cli
