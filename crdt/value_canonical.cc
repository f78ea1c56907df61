#include <algorithm>

#include "crdt/decimal.h"
#include "crdt/minified.h"
#include "crdt/value.h"

namespace crdt {
namespace {

void append_canonical(std::string& out, std::string_view text);

void append_object(std::string& out, std::string_view text) {
  std::vector<std::pair<std::string, std::string_view>> members;
  minified::each(text, [&members](std::string_view key, std::string_view value) {
    members.emplace_back(json_unquote(key), value);
  });
  std::sort(members.begin(), members.end());
  out.push_back('{');
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_json_quoted(out, members[i].first);
    out.push_back(':');
    append_canonical(out, members[i].second);
  }
  out.push_back('}');
}

void append_array(std::string& out, std::string_view text) {
  bool first = true;
  out.push_back('[');
  minified::each(text, [&](std::string_view, std::string_view value) {
    if (!first) out.push_back(',');
    first = false;
    append_canonical(out, value);
  });
  out.push_back(']');
}

// A whole number that Decimal would spell the same way.
bool is_plain(std::string_view number) {
  constexpr std::size_t kDigitsMax = 18;
  if (number.size() > kDigitsMax || number.front() < '1' || number.front() > '9') return false;
  return std::all_of(number.begin(), number.end(),
                     [](char digit) { return digit >= '0' && digit <= '9'; });
}

// The recursion is bounded by the depth that minify_json() allows.
void append_canonical(std::string& out, std::string_view text) {
  if (text.empty()) return;
  switch (text.front()) {
    case '{':
      return append_object(out, text);
    case '[':
      return append_array(out, text);
    case '"':
      return append_json_quoted(out, json_unquote(text));
    case 't':
    case 'f':
    case 'n':
      out += text;
      return;
    default:
      if (is_plain(text)) {
        out += text;
        return;
      }
      auto number = Decimal::parse(text);
      out += number ? number->text() : text;
  }
}

}  // namespace

std::string canonical_json(std::string_view minified) {
  std::string out;
  out.reserve(minified.size());
  append_canonical(out, minified);
  return out;
}

}  // namespace crdt
