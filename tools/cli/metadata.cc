#include "tools/cli/metadata.h"

#include <fmt/format.h>

#include "crdt/base/byte_order_mark.h"
#include "crdt/base/bytes.h"
#include "crdt/base/json_string.h"
#include "crdt/value.h"
#include "tools/cli/json_text.h"

namespace cli {

void Metadata::set(const std::string& name, std::string json) {
  auto [place, fresh] = places_.try_emplace(name, members_.size());
  if (fresh) {
    members_.emplace_back(name, std::move(json));
  } else {
    members_[place->second].second = std::move(json);
  }
}

base::Status Metadata::set_all(std::string_view object) {
  if (object.starts_with("\xFF\xFE") || object.starts_with("\xFE\xFF")) {
    return base::invalid("the file is UTF-16; save it as UTF-8");
  }
  object = base::without_byte_order_mark(object);
  // By the rules of the agent, so that nothing is sent that it refuses.
  ASSIGN_OR_RETURN(auto minified, crdt::minify_json(object, object.size()));
  auto members = crdt::object_members(minified);
  if (!members.ok()) return base::invalid("expected one JSON object");
  for (auto& [name, value] : *members) set(name, std::move(value));
  return {};
}

std::string Metadata::json() const {
  std::string out = "{";
  for (const auto& [name, value] : members_) {
    if (out.size() > 1) out.push_back(',');
    out += base::json_quote(name) + ":" + value;
  }
  return out + "}";
}

namespace {

// The position of '=' in "K=V"; kInvalid if there is no '=' or no K.
base::Result<std::size_t> split(std::string_view pair) {
  auto equals = pair.find('=');
  if (equals == std::string_view::npos || equals == 0 || !base::is_utf8(pair)) {
    return base::invalid(fmt::format("\"{}\": expected K=V in UTF-8", pair));
  }
  return equals;
}

}  // namespace

std::string value_json(std::string_view text) {
  bool is_string = text.find('"') == text.find_first_not_of(" \t\r\n");
  return is_json(text) && !is_string ? std::string(text) : base::json_quote(text);
}

base::Result<std::pair<std::string, std::string>> parse_pair(std::string_view pair) {
  ASSIGN_OR_RETURN(auto equals, split(pair));
  std::string name(pair.substr(0, equals));
  std::string value = value_json(pair.substr(equals + 1));
  // By the rules of the agent, whose message would not name the field.
  auto minified = crdt::minify_json(value, value.size());
  if (!minified.ok()) {
    return base::Error{minified.error().code,
                       fmt::format("the value of {}: {}", name, minified.error().message)};
  }
  return std::pair{std::move(name), std::move(value)};
}

base::Result<std::pair<std::string, std::string>> parse_string_pair(std::string_view pair) {
  ASSIGN_OR_RETURN(auto equals, split(pair));
  return std::pair{std::string(pair.substr(0, equals)), base::json_quote(pair.substr(equals + 1))};
}

base::Status set_pairs(const std::vector<std::string>& pairs,
                       const std::vector<std::string>& string_pairs, Metadata& out) {
  for (const auto& pair : pairs) {
    ASSIGN_OR_RETURN(auto parsed, parse_pair(pair));
    out.set(parsed.first, std::move(parsed.second));
  }
  for (const auto& pair : string_pairs) {
    ASSIGN_OR_RETURN(auto parsed, parse_string_pair(pair));
    out.set(parsed.first, std::move(parsed.second));
  }
  return {};
}

}  // namespace cli
