#pragma once

// Last-writer-wins register over dots. Causality decides what was seen: a put kills the dots that
// it saw. The stamp decides only between concurrent values; equal stamps are decided by the dot.
// Losers stay readable as conflicts until they are overwritten.

#include <cstddef>
#include <optional>

#include "crdt/cell.h"

namespace crdt {

// The index of the winning cell; nullopt when there is none.
std::optional<std::size_t> winner(const Cells& cells);
// True if `a` loses against `b` in the order (stamp, dot).
bool loses(const Cell& a, const Cell& b);
// Why the winner won against the best loser: "stamp" or "dot"; "only" when there is no loser.
std::string_view rule_between(const Cell& winner, const Cell& loser);

}  // namespace crdt
