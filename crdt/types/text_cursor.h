#pragma once

// Places in a text, as a client names them: a position in one of two units, or a cursor. A cursor
// is the element before the place, so it stays where it is while others edit: every replica that
// has the element finds the same place, also when the element is erased. Without an element it is
// the start of the text.

#include <optional>

#include "crdt/types/view.h"

namespace crdt {

// The position in code points. kUnprocessable behind the end, or between the two UTF-16 units of
// one code point. `text` is null when nothing was ever inserted.
base::Result<std::uint32_t> position_of(const View& view, const Path& path, const Sequence* text,
                                        std::uint64_t at, TextUnit unit);
// The error for an element that the text does not have.
base::Error no_element(const View& view, const Path& path, const Dot& element,
                       const Sequence* text);

struct TextCursor {
  std::optional<Dot> after;  // nullopt: the start of the text
  std::uint32_t at = 0;      // where it is now
  std::uint32_t size = 0;    // of the text
};
// The cursor at a position, and the present position of a cursor, both in `unit`. Nullopt: there is
// no text at `path`. Errors as above.
base::Result<std::optional<TextCursor>> cursor_at(View& view, const Path& path, std::uint64_t at,
                                                  TextUnit unit);
base::Result<std::optional<TextCursor>> cursor_behind(View& view, const Path& path,
                                                      const std::optional<Dot>& after,
                                                      TextUnit unit);

}  // namespace crdt
