#pragma once

// JSON as text, for answers of the agent, which are cut into pieces but never rebuilt: the pieces
// are views into the answer, with its blanks, escapes, spelling of numbers and order of keys.
// crdt/value.h reads the grammar; it cannot give these pieces, because what it returns is minified
// copies. Everything is strict RFC 8259. Nullopt if a text is not JSON.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

inline constexpr int kJsonDepthMax = 128;

bool is_json(std::string_view text);  // exactly one value

// The elements of an array, in order, without the space around them. They point into `text`.
std::optional<std::vector<std::string_view>> elements(std::string_view text);

struct Member {
  std::string name;  // decoded
  std::string_view raw_name;
  std::string_view value;
};
std::optional<std::vector<Member>> members(std::string_view text);

// The text of a member; empty if `text` is no object or has no such member.
std::string_view field(std::string_view text, std::string_view name);

std::string unquote(std::string_view value);   // decodes a JSON string; other values are unchanged
std::string one_line(std::string_view value);  // removes the line breaks between tokens

}  // namespace cli
