#pragma once

// Registers over dots: lww_register and mv_register. Causality decides what was seen: a put kills
// the dots that it saw. The stamp decides only between concurrent values; equal stamps are decided
// by the dot. Losers stay readable (lww_register: as conflicts; mv_register: beside the winner)
// until they are overwritten.

#include <cstddef>
#include <optional>
#include <string>

#include "crdt/cell.h"
#include "crdt/types/draft.h"

namespace crdt {

// The index of the winning cell; nullopt when there is none.
std::optional<std::size_t> winner(const Cells& cells);
// True if `a` loses against `b` in the order (stamp, dot).
bool loses(const Cell& a, const Cell& b);
// Why the winner won against the best loser: "stamp" or "dot"; "only" when there is no loser.
std::string_view rule_between(const Cell& winner, const Cell& loser);
// The winner first, then the best loser, and so on.
Cells best_first(Cells cells);

// What is shown of a register of this type; nullopt when it is not there (no cell, or the winner is
// `absent`).
std::optional<std::string> register_value(const Cells& cells, SlotType type);

// True if a client's stamp does not win against a live cell that the author sees. Writing it then
// makes no change.
bool is_superseded(const Draft& draft, const Cells& seen);
// A put of `value`; no effect if it is superseded.
base::Status set_register(Draft& draft, const Path& path, SlotType type, std::string_view value);

}  // namespace crdt
