#pragma once

// A place in an object: where a request under /v1/objects reads or writes. In this version objects
// are the two catalog maps: depth 0 is the map, depth 1 an entry, depth 2 a field of its metadata.
// A field is one register: nothing is below it.

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

// 1 to 512 bytes of UTF-8 without NUL, else kInvalid. `what` names it in the message.
base::Status check_id(std::string_view what, std::string_view id);
// A metadata field: at most crdt::kPathComponentMax bytes, else kTooLarge.
base::Status check_field(std::string_view field);

bool is_catalog(std::string_view object);  // "snapshots" or "images"

// kNotFound, with the names that there are.
base::Error unknown_object(std::string_view object);

// Of "/v1/objects/{id}/{path...}": ids checked.
base::Result<Place> place_of(const http::Request& request);
// kUnprocessable where nothing can be written: not a catalog object, or below a field.
base::Status check_writable(const Place& place);
// crdt_map for the object and its entries, lww_register for a field.
crdt::SlotType type_at(const Place& place);
// kUnprocessable when a request names another type than the place's.
base::Status check_type(const Place& place, std::string_view type);

}  // namespace agent
