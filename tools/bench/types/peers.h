#pragma once

// The programs of other libraries in tools/bench/peers/types, and our own. Each is started anew for
// every run and prints one line of JSON.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "crdt/base/result.h"

namespace bench {

struct TypesPeer {
  std::string name;
  std::vector<std::string> command;  // empty: it is not installed
};

// Hearsay first. The others are looked for in `folder`.
std::vector<TypesPeer> find_types_peers(const std::string& folder);
// The Orswot of the library crdts, which takes no trace.
TypesPeer find_set_peer(const std::string& folder);

// Starts the peer `runs` times with `arguments`; less often when it is slow, at least once. The
// result has the median of every number, "runs", and "ok", which is true if it was in all runs.
// kUnavailable: a run failed, took too long or printed no JSON.
base::Result<nlohmann::json> run_peer(const TypesPeer& peer,
                                      const std::vector<std::string>& arguments, int runs,
                                      const std::string& log_folder);

}  // namespace bench
