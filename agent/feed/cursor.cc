#include "agent/feed/cursor.h"

#include <charconv>

namespace agent {
namespace {

template <typename Number>
bool take_number(std::string_view& text, Number& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

std::string Cursor::text() const {
  return node + "-" + std::to_string(position) + "-" + std::to_string(remaining);
}

std::optional<Cursor> Cursor::parse(std::string_view text) {
  Cursor cursor;
  std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  cursor.node = text.substr(0, dash);
  text.remove_prefix(dash + 1);
  if (!take_number(text, cursor.position) || !text.starts_with('-')) return std::nullopt;
  text.remove_prefix(1);
  if (!take_number(text, cursor.remaining) || !text.empty()) return std::nullopt;
  return cursor;
}

}  // namespace agent
