#include "agent/api/place.h"

#include "agent/api/acknowledged.h"
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
  if (field.find('\0') != std::string_view::npos) {
    return base::invalid("a field name has a NUL byte");
  }
  if (!base::is_utf8(field)) return base::invalid("a field name is not UTF-8");
  return {};
}

base::Status check_entry_path(const std::vector<std::string>& path) {
  if (!path.empty()) RETURN_IF_ERROR(check_id("the entry's id", path[0]));
  return path.size() > 1 ? check_field(path[1]) : base::Status();
}

base::Result<Place> place_of(const http::Request& request) {
  Place place{request.captures.at(0), request.tail};
  RETURN_IF_ERROR(check_id("the object's id", place.object));
  // Of all other objects the types check the rest of the path.
  if (is_catalog(place.object)) RETURN_IF_ERROR(check_entry_path(place.path));
  return place;
}

base::Status check_writable(std::string_view object) {
  if (object != kAcknowledgedObject) return {};
  return base::Error{base::Code::kForbidden,
                     "the object acknowledged holds what clients have received; it can be read and "
                     "removed, and only the agents write it: choose another name"};
}

}  // namespace agent
