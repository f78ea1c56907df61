#pragma once

// One write of one entry of the catalog, by the routes of the seed.

#include <string>

#include "tools/cli/session.h"

namespace cli {

struct EntryRequest {
  std::string method;
  std::string object;  // "snapshots" or "images"
  std::string verb;    // of the route: "add", "remove", "metadata"
  std::string id;
  std::string status;  // that the agent answers: "added"
};

// Sends it, checks the answer `{"id","status"}` and prints it ("added snap1").
int write_entry(Session& session, const EntryRequest& request, const std::string& body);

int empty_id();  // a usage error

}  // namespace cli
