#include "agent/api/body.h"

#include "agent/api/place.h"

namespace agent {
namespace {

base::Result<std::string> minified_object(std::string_view body) {
  auto minified = crdt::minify_json(body, body.size());
  if (!minified.ok()) {
    return base::Error{minified.error().code,
                       "the body must be a JSON object: " + minified.error().message};
  }
  if (minified->empty() || minified->front() != '{') {
    return base::invalid("the body must be a JSON object");
  }
  return minified;
}

}  // namespace

base::Result<crdt::Members> body_object(std::string_view body) {
  ASSIGN_OR_RETURN(std::string minified, minified_object(body));
  return crdt::object_members(minified);
}

base::Result<std::string> body_metadata(std::string_view body) {
  ASSIGN_OR_RETURN(std::string minified, minified_object(body));
  RETURN_IF_ERROR(check_metadata(minified));
  return minified;
}

base::Status check_metadata(std::string_view minified) {
  if (minified.empty() || minified.front() != '{') {
    return base::invalid("the metadata of an entry must be a JSON object");
  }
  if (minified.size() > crdt::kValueBytesMax) {
    return base::Error{base::Code::kTooLarge,
                       "the metadata has " + std::to_string(minified.size()) +
                           " bytes; an entry may have at most 1 MiB of metadata"};
  }
  ASSIGN_OR_RETURN(crdt::Members members, crdt::object_members(minified));
  for (const auto& [field, value] : members) RETURN_IF_ERROR(check_field(field));
  return {};
}

const std::string* find_member(const crdt::Members& members, std::string_view key) {
  for (const auto& [name, value] : members) {
    if (name == key) return &value;
  }
  return nullptr;
}

base::Result<std::string> string_member(const crdt::Members& members, std::string_view key) {
  const std::string* value = find_member(members, key);
  if (!value) return base::invalid("\"" + std::string(key) + "\" is missing");
  if (value->front() != '"') {
    return base::invalid("\"" + std::string(key) + "\" must be a string");
  }
  return crdt::json_unquote(*value);
}

}  // namespace agent
