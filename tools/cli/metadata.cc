#include "tools/cli/metadata.h"

#include <fmt/format.h>

#include <algorithm>

#include "crdt/base/bytes.h"
#include "tools/cli/json_text.h"

namespace cli {

void Metadata::set(const std::string& name, std::string json) {
  auto found = std::find_if(members_.begin(), members_.end(),
                            [&](const auto& member) { return member.first == name; });
  if (found != members_.end()) {
    found->second = std::move(json);
  } else {
    members_.emplace_back(name, std::move(json));
  }
}

base::Status Metadata::set_all(std::string_view object) {
  auto all = members(object);
  if (!all || !base::is_utf8(object)) return base::invalid("expected one JSON object");
  for (const auto& member : *all) set(member.name, std::string(member.value));
  return {};
}

std::string Metadata::json() const {
  std::string out = "{";
  for (const auto& [name, value] : members_) {
    if (out.size() > 1) out.push_back(',');
    out += quote(name) + ":" + value;
  }
  return out + "}";
}

base::Result<std::pair<std::string, std::string>> parse_pair(std::string_view pair) {
  auto equals = pair.find('=');
  if (equals == std::string_view::npos || equals == 0 || !base::is_utf8(pair)) {
    return base::invalid(fmt::format("\"{}\": expected K=V in UTF-8", pair));
  }
  std::string name(pair.substr(0, equals));
  auto value = pair.substr(equals + 1);
  bool json = is_json(value) && value.find('"') != value.find_first_not_of(" \t\r\n");
  return std::pair{std::move(name), json ? std::string(value) : quote(value)};
}

}  // namespace cli
