#pragma once

// JSON as text. Answers are cut into pieces, never rebuilt: a number, an escape or the order of
// keys comes out as the agent sent it. Strict RFC 8259; what is not JSON is nullopt.

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

// The text of a member, empty where `text` is no object or lacks it.
std::string_view field(std::string_view text, std::string_view name);

std::string quote(std::string_view utf8);      // as a JSON string
std::string unquote(std::string_view value);   // a string decoded, anything else as it is
std::string one_line(std::string_view value);  // without the line breaks between tokens

}  // namespace cli
