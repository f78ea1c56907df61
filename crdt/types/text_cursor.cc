#include "crdt/types/text_cursor.h"

#include "crdt/types/draft.h"

namespace crdt {
namespace {

std::string counted(std::uint64_t count, TextUnit unit) {
  const std::string name = unit == TextUnit::kUtf16 ? " UTF-16 unit" : " code point";
  return std::to_string(count) + name + (count == 1 ? "" : "s");
}

std::uint32_t size_of(const Sequence* text, TextUnit unit) {
  if (text == nullptr) return 0;
  return unit == TextUnit::kUtf16 ? text->units() : text->size();
}

std::uint32_t in_unit(const Sequence* text, std::uint32_t position, TextUnit unit) {
  return text != nullptr && unit == TextUnit::kUtf16 ? text->unit_of(position) : position;
}

// Whether a text is shown at `path`; it may be empty.
base::Result<bool> is_shown(View& view, const Path& path, const Sequence* text) {
  if (text != nullptr && text->size() > 0) return true;
  ASSIGN_OR_RETURN(const Cells marker, view.cells(path, SlotType::kSeq));
  return !marker.empty();
}

}  // namespace

base::Result<std::uint32_t> position_of(const View& view, const Path& path, const Sequence* text,
                                        std::uint64_t at, TextUnit unit) {
  const std::uint32_t size = size_of(text, unit);
  if (at > size) {
    return base::Error{base::Code::kUnprocessable,
                       "position " + std::to_string(at) + " does not exist: " +
                           in_words("text", view, path) + " has " + counted(size, unit)};
  }
  const auto position = static_cast<std::uint32_t>(at);
  if (text == nullptr || unit == TextUnit::kCodePoint) return position;
  if (const auto found = text->position_of_unit(position)) return *found;
  return base::Error{base::Code::kUnprocessable,
                     "position " + std::to_string(at) + " in " + in_words("text", view, path) +
                         " is inside a surrogate pair: one code point takes two UTF-16 units "
                         "there; use the position before or after it"};
}

base::Error no_element(const View& view, const Path& path, const Dot& element,
                       const Sequence* text) {
  return {base::Code::kUnprocessable,
          in_words("text", view, path) + " has no element " + element.text() + "; its size is " +
              counted(size_of(text, TextUnit::kCodePoint), TextUnit::kCodePoint)};
}

base::Result<std::optional<TextCursor>> cursor_at(View& view, const Path& path, std::uint64_t at,
                                                  TextUnit unit) {
  const auto need = [&](const Sequence& part) {
    const auto position = position_of(view, path, &part, at, unit);
    if (position.ok() && *position > 0) part.element_at(*position - 1);
  };
  ASSIGN_OR_RETURN(const Sequence* text, view.text(path, need));
  ASSIGN_OR_RETURN(const bool shown, is_shown(view, path, text));
  if (!shown) return std::optional<TextCursor>();
  ASSIGN_OR_RETURN(const std::uint32_t position, position_of(view, path, text, at, unit));
  TextCursor cursor{{}, static_cast<std::uint32_t>(at), size_of(text, unit)};
  if (position > 0) cursor.after = text->element_at(position - 1);
  return std::optional(cursor);
}

base::Result<std::optional<TextCursor>> cursor_behind(View& view, const Path& path,
                                                      const std::optional<Dot>& after,
                                                      TextUnit unit) {
  const auto need = [&](const Sequence& part) {
    const auto position = after ? part.position_behind(*after) : std::nullopt;
    if (position) in_unit(&part, *position, unit);
  };
  ASSIGN_OR_RETURN(const Sequence* text, view.text(path, need));
  ASSIGN_OR_RETURN(const bool shown, is_shown(view, path, text));
  if (!shown) return std::optional<TextCursor>();
  TextCursor cursor{after, 0, size_of(text, unit)};
  if (!after) return std::optional(cursor);
  const auto position = text == nullptr ? std::nullopt : text->position_behind(*after);
  if (!position) return no_element(view, path, *after, text);
  cursor.at = in_unit(text, *position, unit);
  return std::optional(cursor);
}

}  // namespace crdt
