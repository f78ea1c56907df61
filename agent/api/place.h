#pragma once

// A place in an object: where a request under /v1/objects reads or writes. In this version there
// are two objects, the catalog maps. Depth 0 is the map, depth 1 an entry, depth 2 a field of its
// metadata. A field is one register and has nothing below it.

#include <string>
#include <string_view>
#include <vector>

#include "agent/http/message.h"
#include "crdt/base/result.h"
#include "crdt/slot.h"

namespace agent {

struct Place {
  std::string object;
  std::vector<std::string> path;
};

// kInvalid unless `id` has 1 to 512 bytes of UTF-8 without NUL. `what` names it in the message.
base::Status check_id(std::string_view what, std::string_view id);
// A metadata field: kTooLarge above crdt::kPathComponentMax bytes.
base::Status check_field(std::string_view field);

bool is_catalog(std::string_view object);  // "snapshots" or "images"

// kNotFound; the message lists the objects that exist.
base::Error unknown_object(std::string_view object);

// The place of "/v1/objects/{id}/{path...}", with ids checked.
base::Result<Place> place_of(const http::Request& request);
// kUnprocessable if nothing can be written there: not a catalog object, or a path below a field.
base::Status check_writable(const Place& place);
// crdt_map for an object and its entries, lww_register for a field.
crdt::SlotType type_at(const Place& place);
// kUnprocessable when a request names another type than the place has.
base::Status check_type(const Place& place, std::string_view type);

}  // namespace agent
