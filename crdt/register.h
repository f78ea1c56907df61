#pragma once

// Last-writer-wins register over dots: causality decides what was seen (a put kills the dots it
// saw), the stamp decides only between concurrent values, a full tie is broken by the dot. Losers
// stay readable as conflicts until overwritten.

#include <cstddef>
#include <optional>

#include "crdt/cell.h"

namespace crdt {

// The index of the winning cell; nullopt when there is none.
std::optional<std::size_t> winner(const Cells& cells);
// (stamp, dot) order: whether `a` loses against `b`.
bool loses(const Cell& a, const Cell& b);
// Why the winner won against the best loser: "stamp" or "dot"; "only" when it stands alone.
std::string_view rule_between(const Cell& winner, const Cell& loser);

}  // namespace crdt
