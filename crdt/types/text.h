#pragma once

// Edits of a text (seq) as effects. The order of its elements is that of types/sequence.

#include "crdt/types/draft.h"

namespace crdt {

inline constexpr std::size_t kInsertBytesMax = kValueBytesMax;  // of one insert, UTF-8

// Elements that one operation may erase by their ids.
inline constexpr std::size_t kErasedByIdMax = 1u << 20;

// `edit.after` wins over `edit.at`. Without a text there is no effect. Both take temporary ids only
// after the caller has put the elements in their place (`after`, `elements`).
base::Status insert_text(Draft& draft, const Path& path, const TextInsert& edit);
base::Status erase_text(Draft& draft, const Path& path, const TextErase& edit);

// The dots of all that is shown of a text; nothing when there is no text.
base::Result<DotRuns> shown_runs(View& view, const Path& path);

}  // namespace crdt
