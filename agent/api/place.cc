#include "agent/api/place.h"

#include "agent/api/limits.h"
#include "crdt/base/bytes.h"

namespace agent {

base::Status check_id(std::string_view what, std::string_view id) {
  std::string name(what);
  if (id.empty()) return base::invalid(name + " is empty; expected 1 to 512 bytes");
  if (id.size() > kIdBytesMax) {
    return base::invalid(name + " has " + std::to_string(id.size()) +
                         " bytes; expected 1 to 512 bytes");
  }
  if (id.find('\0') != std::string_view::npos) return base::invalid(name + " has a NUL byte");
  if (!base::is_utf8(id)) return base::invalid(name + " is not UTF-8");
  return {};
}

base::Status check_field(std::string_view field) {
  if (field.size() > crdt::kPathComponentMax) {
    return base::Error{base::Code::kTooLarge, "a field name has " + std::to_string(field.size()) +
                                                  " bytes; it may have at most " +
                                                  std::to_string(crdt::kPathComponentMax) +
                                                  " bytes"};
  }
  if (!base::is_utf8(field)) return base::invalid("a field name is not UTF-8");
  return {};
}

base::Result<Place> place_of(const http::Request& request) {
  Place place{request.captures.at(0), request.tail};
  RETURN_IF_ERROR(check_id("the object's id", place.object));
  if (!is_catalog(place.object)) return place;  // the types check the rest of the path
  if (!place.path.empty()) RETURN_IF_ERROR(check_id("the entry's id", place.path[0]));
  if (place.path.size() > 1) RETURN_IF_ERROR(check_field(place.path[1]));
  return place;
}

base::Status check_writable(const Place& place) {
  if (place.path.size() > 2) {
    return base::Error{base::Code::kUnprocessable,
                       "a metadata field is one register: write the whole field " + place.path[1]};
  }
  return {};
}

crdt::SlotType type_at(const Place& place) {
  return place.path.size() < 2 ? crdt::SlotType::kMap : crdt::SlotType::kLwwRegister;
}

base::Status check_type(const Place& place, std::string_view type) {
  if (crdt::type_from_name(type) == type_at(place)) return {};
  return base::Error{base::Code::kUnprocessable,
                     "type " + std::string(type) +
                         " does not fit a catalog; the type at this path is " +
                         std::string(crdt::type_name(type_at(place)))};
}

}  // namespace agent
