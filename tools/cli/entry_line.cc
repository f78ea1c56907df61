#include "tools/cli/entry_line.h"

#include <algorithm>

#include "tools/cli/json_text.h"

namespace cli {

std::string entry_line(std::string_view element) {
  auto id = field(element, "id");
  auto fields = members(field(element, "metadata"));
  if (!fields) return one_line(element);
  bool has_id = std::any_of(fields->begin(), fields->end(),
                            [](const Member& member) { return member.name == "id"; });
  bool looks_whole = fields->size() == 1 && fields->front().name == "metadata" &&
                     fields->front().value.starts_with('{');
  if (has_id || looks_whole) return one_line(element);
  std::string line = "{\"id\":" + std::string(id);
  for (const auto& member : *fields) {
    line += ",";
    line += member.raw_name;
    line += ":";
    line += member.value;
  }
  return one_line(line + "}");
}

}  // namespace cli
