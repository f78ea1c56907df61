#include "crdt/base/json_string.h"

#include <algorithm>
#include <cstdint>

#include "crdt/base/bytes.h"

namespace base {
namespace {

void append_utf8(std::string& out, std::uint32_t point) {
  auto push = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (point < 0x80) {
    push(point);
  } else if (point < 0x800) {
    push(0xC0 | point >> 6);
    push(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    push(0xE0 | point >> 12);
    push(0x80 | (point >> 6 & 0x3F));
    push(0x80 | (point & 0x3F));
  } else {
    push(0xF0 | point >> 18);
    push(0x80 | (point >> 12 & 0x3F));
    push(0x80 | (point >> 6 & 0x3F));
    push(0x80 | (point & 0x3F));
  }
}

// The four hex digits of \uXXXX.
std::uint32_t unit_at(std::string_view text, std::size_t at) {
  std::uint32_t value = 0;
  for (char c : text.substr(std::min(at, text.size()), 4)) {
    auto digit = static_cast<std::uint32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    value = value * 16 + (digit & 15);
  }
  return value;
}

// The escape whose letter is at `at`; returns one past it.
std::size_t append_unescaped(std::string& out, std::string_view text, std::size_t at) {
  switch (text[at]) {
    case 'b':
      out.push_back('\b');
      return at + 1;
    case 'f':
      out.push_back('\f');
      return at + 1;
    case 'n':
      out.push_back('\n');
      return at + 1;
    case 'r':
      out.push_back('\r');
      return at + 1;
    case 't':
      out.push_back('\t');
      return at + 1;
    case 'u':
      break;
    default:
      out.push_back(text[at]);
      return at + 1;
  }
  std::uint32_t unit = unit_at(text, at + 1);
  bool surrogate = unit >= 0xD800 && unit <= 0xDFFF;
  if (unit >= 0xD800 && unit <= 0xDBFF && text.size() >= at + 11 &&
      text.substr(at + 5, 2) == "\\u") {
    std::uint32_t low = unit_at(text, at + 7);
    if (low >= 0xDC00 && low <= 0xDFFF) {
      append_utf8(out, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
      return at + 11;
    }
  }
  append_utf8(out, surrogate ? 0xFFFD : unit);
  return at + 5;
}

// The length of the longest beginning that is UTF-8.
std::size_t utf8_prefix(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size()) {
    std::size_t length = 1;
    while (length <= 4 && !is_utf8(text.substr(end, length))) ++length;
    if (length > 4) break;
    end += std::min(length, text.size() - end);
  }
  return end;
}

void append_escaped(std::string& out, std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += "\\u00";
          out.push_back(kDigits[c >> 4]);
          out.push_back(kDigits[c & 15]);
        } else {
          out.push_back(c);
        }
    }
  }
}

}  // namespace

void append_json_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  for (;;) {
    const std::size_t sound = is_ascii(text) || is_utf8(text) ? text.size() : utf8_prefix(text);
    append_escaped(out, text.substr(0, sound));
    if (sound == text.size()) break;
    append_utf8(out, 0xFFFD);
    text.remove_prefix(sound + 1);
  }
  out.push_back('"');
}

std::string json_quote(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  append_json_quoted(out, text);
  return out;
}

std::string json_unquote(std::string_view literal) {
  std::string out;
  if (literal.size() < 2) return out;
  std::string_view text = literal.substr(1, literal.size() - 2);
  out.reserve(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      out.push_back(text[at++]);
    } else {
      at = append_unescaped(out, text, at + 1);
    }
  }
  return out;
}

}  // namespace base
