#pragma once

// A place in an object: where a request under /v1/objects reads or writes. The objects `snapshots`
// and `images` are catalogs: depth 0 is the map, depth 1 an entry, depth 2 a field of its metadata,
// which is one register and has nothing below it. All other objects are of the types
// (crdt/types/plan.h).

#include <string>
#include <string_view>
#include <vector>

#include "agent/http/message.h"
#include "crdt/base/result.h"
#include "crdt/catalog/entry.h"

namespace agent {

struct Place {
  std::string object;
  std::vector<std::string> path;
};

// kInvalid unless `id` has 1 to 512 bytes of UTF-8 without NUL. `what` names it in the message.
base::Status check_id(std::string_view what, std::string_view id);
// A metadata field: kTooLarge above crdt::kPathComponentMax bytes; kInvalid with NUL or if it is no
// UTF-8.
base::Status check_field(std::string_view field);

using crdt::is_catalog;

// The place of "/v1/objects/{id}/{path...}", with ids checked.
base::Result<Place> place_of(const http::Request& request);
// The object `acknowledged` (agent/api/acknowledged.h) is written by the doors alone: of another
// type, or with a position that its client never had, it would stop them on every agent. Removing
// is allowed: the clients get everything again.
base::Status check_writable(std::string_view object);
// The id of an entry and the name of a field in the path of a place of a catalog.
base::Status check_entry_path(const std::vector<std::string>& path);

}  // namespace agent
