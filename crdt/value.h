#pragma once

// Replicated values are JSON *text*. The text is checked once when it comes in, minified outside
// strings, and given back unchanged. The spelling of numbers and the order of keys stay; no JSON
// library rewrites them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdt/base/json_string.h"
#include "crdt/base/result.h"

namespace crdt {

inline constexpr int kValueDepthMax = 32;               // containers inside each other
inline constexpr std::size_t kValueBytesMax = 1 << 20;  // of one value, minified

// The members of an object as (unescaped key, minified value text), in their order.
using Members = std::vector<std::pair<std::string, std::string>>;

// Strict RFC 8259. Refuses duplicate keys (after unescaping), invalid UTF-8, lone surrogate
// escapes, depth over kValueDepthMax and trailing text. Returns the text minified outside strings.
// The error names the byte offset.
base::Result<std::string> minify_json(std::string_view text,
                                      std::size_t bytes_max = kValueBytesMax);
// The same check of the text of an object, in the same pass: returns its members. Nullopt when the
// text is valid JSON but not an object. `bytes_max` bounds the whole minified text.
base::Result<std::optional<Members>> parse_object(std::string_view text,
                                                  std::size_t bytes_max = kValueBytesMax);

// For text that is passed on and not stored: the grammar alone. It lets pass what minify_json()
// refuses besides (duplicate keys, lone surrogate escapes, depths up to `depth_max`).
base::Status check_json(std::string_view text, int depth_max);

// True if the text is what minify_json() returns of it: nothing is refused and nothing left out.
bool is_minified(std::string_view text);
// The text itself if it is_minified(), else a string literal of it. What another agent sent is
// checked when it arrives (content.h), but an answer is JSON whatever lies in the database.
std::string json_or_quoted(std::string_view text);

// The canonical form, for equality of set elements: keys sorted by code point of the unescaped key,
// strings with the shortest escapes, numbers by value (1, 1.0 and 1e0 are the same; integers of any
// length are exact). `minified` must be the result of minify_json.
std::string canonical_json(std::string_view minified);

// The members of an object that is a member or an element itself. An error when the text is valid
// JSON but not an object. `minified` must be the result of minify_json, or a value of parse_object.
base::Result<Members> object_members(std::string_view minified);

// The elements of an array as minified texts.
base::Result<std::vector<std::string>> array_elements(std::string_view minified);

// Literals of strings. The literal that json_unquote() gets must be valid.
using base::append_json_quoted;
using base::json_quote;
using base::json_unquote;

// {"a":…,"b":…} from members, in the order given.
std::string object_text(const Members& members);

}  // namespace crdt
