#pragma once

// JSON string literals (RFC 8259, 7). The one place that writes and decodes them: values, answers,
// errors and the command line all use it.

#include <string>
#include <string_view>

namespace base {

// Appends a literal for `text`: in quotes, with the escapes that JSON requires. Each byte that is
// no part of a valid UTF-8 sequence becomes U+FFFD, so the literal is always valid.
void append_json_quoted(std::string& out, std::string_view text);
std::string json_quote(std::string_view text);

// The text of a literal, given with its quotes. A lone surrogate escape is shown as U+FFFD. A text
// that is no literal gives some text; nothing is read past its end.
std::string json_unquote(std::string_view literal);

}  // namespace base
