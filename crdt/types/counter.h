#pragma once

// gcounter and pncounter. The object itself, with the empty path, holds totals: each contributor
// has a cell with all that it ever counted, and a new total replaces the last one. Of several live
// totals of a contributor the highest counts. In a map each operation is an increment with a dot of
// its own, so a removal takes exactly what its author has seen. From kFoldAt of its own dots on, an
// author folds them into one. Totals that a client brings for other nodes (Totals) are cells whose
// stamp has the node as its writer, in a map too; there they are beside the increments. Values are
// exact: a sum of concurrent increments may be larger than what an operation may reach.
//
// Bodies: decimal text. A total of a pncounter is two numbers with a space between: all that was
// added, all that was taken away. An increment in a map is one number.

#include <string>

#include "crdt/types/draft.h"

namespace crdt {

__extension__ typedef __int128 Int128;  // NOLINT: ISO C++ has no name for it

inline constexpr std::size_t kFoldAt = 16;

bool is_counter(SlotType type);

// Who wrote this total: the writer of the stamp, or else the actor of the dot.
std::string contributor_of(const Cell& cell);
// True if a cell with these dots is part of the value. Every increment in a map is; among totals
// those that are the highest of their contributor.
bool counts(const Cells& cells, const Cell& cell, const Slot& slot);
Int128 counter_sum(const Cells& cells, const Slot& slot);
std::string counter_value(const Cells& cells, const Slot& slot);

// `down`: a decrement. kUnprocessable when the value would leave 0 to 2^64-1 (gcounter) or the
// range of a signed number of 64 bits (pncounter), or a total of the author 2^64-1.
base::Status count(Draft& draft, const Path& path, SlotType type, bool down, Amount amount);
// The totals of other nodes, each in place of the lower ones of the same node that the author sees.
// One that is not higher than what is there has no effect. kInvalid for what was taken from a
// gcounter; kUnprocessable when the value would leave the range of the type.
base::Status count_totals(Draft& draft, const Path& path, SlotType type, const Totals& totals);
// The value in place of all that the author sees. `value` is minified JSON; kInvalid if it is no
// whole number in the range of the type.
base::Status reset_counter(Draft& draft, const Path& path, SlotType type, std::string_view value);

}  // namespace crdt
