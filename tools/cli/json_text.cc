#include "tools/cli/json_text.h"

#include "crdt/base/trimmed.h"
#include "crdt/minified.h"
#include "crdt/value.h"

namespace cli {
namespace {

// `text` without the space around it if it is a container that opens with `bracket`.
std::optional<std::string_view> container(std::string_view text, char bracket) {
  text = base::trimmed(text);
  if (!text.starts_with(bracket) || !is_json(text)) return std::nullopt;
  return text;
}

}  // namespace

bool is_json(std::string_view text) { return crdt::check_json(text, kJsonDepthMax).ok(); }

std::optional<std::vector<std::string_view>> elements(std::string_view text) {
  auto array = container(text, '[');
  if (!array) return std::nullopt;
  std::vector<std::string_view> found;
  crdt::minified::each(*array,
                       [&](std::string_view, std::string_view value) { found.push_back(value); });
  return found;
}

std::optional<std::vector<Member>> members(std::string_view text) {
  auto object = container(text, '{');
  if (!object) return std::nullopt;
  std::vector<Member> found;
  crdt::minified::each(*object, [&](std::string_view name, std::string_view value) {
    found.push_back({unquote(name), name, value});
  });
  return found;
}

std::string_view field(std::string_view text, std::string_view name) {
  auto all = members(text);
  if (!all) return {};
  for (const auto& member : *all) {
    if (member.name == name) return member.value;
  }
  return {};
}

std::string unquote(std::string_view value) {
  if (value.size() < 2 || value.front() != '"') return std::string(value);
  return base::json_unquote(value);
}

std::string one_line(std::string_view value) {
  // JSON allows no line break inside a string, so every line break stands between tokens.
  std::string out;
  for (char c : value) {
    if (c != '\n' && c != '\r') out.push_back(c);
  }
  return out;
}

}  // namespace cli
