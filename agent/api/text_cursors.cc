#include "agent/api/text_cursors.h"

#include <charconv>

#include "agent/api/json_text.h"
#include "agent/replica/store_view.h"
#include "crdt/types/text_cursor.h"
#include "crdt/value.h"

namespace agent {
namespace {

constexpr std::string_view kUtf16 = "utf16";
constexpr std::string_view kCodePoint = "code_point";

base::Result<std::uint64_t> position(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec == std::errc() && read.ptr == end) return value;
  return base::invalid("cursor_at must be a whole number, and is " +
                       std::string(text.substr(0, 40)));
}

base::Result<std::optional<crdt::TextCursor>> find(crdt::View& view, const crdt::Path& path,
                                                   const CursorQuery& query) {
  if (query.at) return crdt::cursor_at(view, path, *query.at, query.unit);
  return crdt::cursor_behind(view, path, query.after, query.unit);
}

}  // namespace

base::Result<crdt::TextUnit> text_unit(std::string_view name) {
  if (name == kUtf16) return crdt::TextUnit::kUtf16;
  if (name == kCodePoint) return crdt::TextUnit::kCodePoint;
  return base::invalid("\"unit\" must be code_point or utf16, and is " +
                       std::string(name.substr(0, 40)));
}

base::Result<std::optional<crdt::Dot>> cursor_element(std::string_view what,
                                                      std::string_view text) {
  if (text == kStart) return std::optional<crdt::Dot>();
  auto dot = crdt::Dot::from_text(text);
  if (dot) return dot;
  return base::invalid(std::string(what) +
                       " must be an id <actor>:<seq>:<index> or start, and is " +
                       std::string(text.substr(0, 80)));
}

base::Result<std::optional<CursorQuery>> cursor_query(const http::Target& target) {
  const auto at = target.query_value("cursor_at");
  const auto cursor = target.query_value("cursor");
  const auto unit = target.query_value("unit");
  if (!at && !cursor && !unit) return std::optional<CursorQuery>();
  if (!at && !cursor) return base::invalid("unit goes with cursor_at or cursor");
  if (at && cursor) return base::invalid("give cursor_at or cursor, and not both");
  CursorQuery query;
  if (at) {
    ASSIGN_OR_RETURN(query.at, position(*at));
  } else {
    ASSIGN_OR_RETURN(query.after, cursor_element("cursor", *cursor));
  }
  if (unit) {
    ASSIGN_OR_RETURN(query.unit, text_unit(*unit));
  }
  return std::optional(query);
}

http::Response cursor_response(store::Reader& reader, const Place& place,
                               const CursorQuery& query) {
  base::Result<std::optional<crdt::TextCursor>> found = std::optional<crdt::TextCursor>();
  if (!is_catalog(place.object)) {
    StoreView view(reader.cells(), place.object);
    found = find(view, place.path, query);
  }
  if (!found.ok()) return http::error_response(found.error());
  if (!*found) {
    std::string path = place.object;
    for (const std::string& component : place.path) path += "/" + component;
    return http::error_response({base::Code::kNotFound, "no text at " + path});
  }
  const crdt::TextCursor& cursor = **found;
  return http::json_response(
      JsonObject()
          .text("id", place.object)
          .raw("path", json_strings(place.path))
          .text("type", crdt::type_name(crdt::SlotType::kSeq))
          .text("cursor", cursor.after ? cursor.after->text() : std::string(kStart))
          .number("at", cursor.at)
          .number("size", cursor.size)
          .text("unit", query.unit == crdt::TextUnit::kUtf16 ? kUtf16 : kCodePoint)
          .take());
}

}  // namespace agent
