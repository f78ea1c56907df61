#pragma once

// One write of one entry of the catalog, over the routes /snapshots/… and /images/….

#include <string>

#include "tools/cli/session.h"

namespace cli {

struct EntryRequest {
  std::string method;
  std::string object;  // "snapshots" or "images"
  std::string verb;    // part of the route: "add", "remove", "metadata"
  std::string id;
  std::string status;  // expected in the answer, for example "added"
};

// Sends the request, checks the answer `{"id","status"}` and prints it ("added snap1").
int write_entry(Session& session, const EntryRequest& request, const std::string& body);

int empty_id();  // prints a usage error

}  // namespace cli
