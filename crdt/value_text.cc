#include "crdt/minified.h"
#include "crdt/value.h"

namespace crdt {

base::Result<Members> object_members(std::string_view minified) {
  if (!minified.starts_with('{')) return base::invalid("not a JSON object");
  Members members;
  minified::each(minified, [&members](std::string_view key, std::string_view value) {
    members.emplace_back(json_unquote(key), std::string(value));
  });
  return members;
}

base::Result<std::vector<std::string>> array_elements(std::string_view minified) {
  if (!minified.starts_with('[')) return base::invalid("not a JSON array");
  std::vector<std::string> elements;
  minified::each(minified, [&elements](std::string_view, std::string_view value) {
    elements.emplace_back(value);
  });
  return elements;
}

std::string object_text(const Members& members) {
  std::string out = "{";
  for (const auto& [key, value] : members) {
    if (out.size() > 1) out.push_back(',');
    append_json_quoted(out, key);
    out.push_back(':');
    out += value;
  }
  out.push_back('}');
  return out;
}

}  // namespace crdt
