#include "agent/api/body.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "agent/api/limits.h"
#include "agent/api/place.h"
#include "crdt/decimal.h"

namespace agent {
namespace {

// A body with one value is never larger than the value may be, so its size is not checked again.
static_assert(kValueBodyMax <= crdt::kValueBytesMax);

base::Status check_fields(const crdt::Members& metadata) {
  for (const auto& [field, value] : metadata) RETURN_IF_ERROR(check_field(field));
  return {};
}

}  // namespace

base::Result<crdt::Members> body_object(std::string_view body) {
  auto members = crdt::parse_object(body, body.size());
  if (!members.ok()) {
    return base::Error{members.error().code,
                       "the body must be a JSON object: " + members.error().message};
  }
  if (!*members) return base::invalid("the body must be a JSON object");
  return std::move(**members);
}

base::Result<crdt::Members> body_metadata(std::string_view body) {
  ASSIGN_OR_RETURN(crdt::Members metadata, body_object(body));
  RETURN_IF_ERROR(check_fields(metadata));
  return metadata;
}

base::Result<crdt::Members> metadata_of(std::string_view minified) {
  if (!minified.starts_with('{')) {
    return base::invalid("the metadata of an entry must be a JSON object");
  }
  if (minified.size() > crdt::kValueBytesMax) {
    return base::Error{base::Code::kTooLarge,
                       "the metadata has " + std::to_string(minified.size()) +
                           " bytes; an entry may have at most 1 MiB of metadata"};
  }
  ASSIGN_OR_RETURN(crdt::Members metadata, crdt::object_members(minified));
  RETURN_IF_ERROR(check_fields(metadata));
  return metadata;
}

base::Status check_members(const crdt::Members& members, std::string_view of,
                           const std::vector<std::string_view>& known) {
  for (const auto& [name, value] : members) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string names;
    for (const std::string_view one : known)
      names += (names.empty() ? "" : ", ") + std::string(one);
    return base::invalid("unknown field \"" + name.substr(0, 80) + "\" in " + std::string(of) +
                         "; known are " + names);
  }
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

base::Result<std::uint64_t> number_member(const crdt::Members& members, std::string_view key,
                                          std::uint64_t most) {
  const std::string* text = find_member(members, key);
  if (!text) return base::invalid("\"" + std::string(key) + "\" is missing");
  // 1.0 and 1e0 are spellings of 1, as in the value of a counter.
  const auto decimal = crdt::Decimal::parse(*text);
  const std::string digits = decimal ? decimal->text() : std::string();
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value);
  if (read.ec == std::errc() && read.ptr == end && value <= most) return value;
  return base::invalid("\"" + std::string(key) + "\" must be a whole number from 0 to " +
                       std::to_string(most) + ", and is " + text->substr(0, 40));
}

base::Result<std::string> value_member(const crdt::Members& members) {
  const std::string* value = find_member(members, "value");
  if (!value) return base::invalid("\"value\" is missing");
  if (value->size() <= crdt::kValueBytesMax) return *value;
  return base::Error{base::Code::kTooLarge, "the value is larger than 1 MiB"};
}

base::Result<std::vector<std::string>> path_of_op(const crdt::Members& op) {
  std::vector<std::string> path;
  const std::string* text = find_member(op, "path");
  if (!text) return path;
  if (text->front() != '[') return base::invalid("the \"path\" of an op must be an array");
  ASSIGN_OR_RETURN(const std::vector<std::string> elements, crdt::array_elements(*text));
  for (const std::string& element : elements) {
    if (element.front() != '"') {
      return base::invalid("the \"path\" of an op must be an array of strings");
    }
    path.push_back(crdt::json_unquote(element));
  }
  return path;
}

base::Result<std::vector<std::string>> ops_of(const crdt::Members& body) {
  const std::string* ops = find_member(body, "ops");
  if (!ops || ops->front() != '[') return base::invalid("\"ops\" must be an array");
  ASSIGN_OR_RETURN(std::vector<std::string> elements, crdt::array_elements(*ops));
  if (elements.size() <= kBatchOpsMax) return elements;
  return base::Error{base::Code::kTooLarge,
                     "a PATCH takes at most " + std::to_string(kBatchOpsMax) + " ops"};
}

}  // namespace agent
