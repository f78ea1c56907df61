#pragma once

// Registers over dots: lww_register and mv_register. Causality decides what was seen: a put kills
// the dots that it saw. The stamp decides only between concurrent values; equal stamps are decided
// by the dot, and a value wins over `absent`. Losers stay readable (lww_register: as conflicts;
// mv_register: beside the winner) until they are overwritten.

#include <cstddef>
#include <optional>
#include <string>

#include "crdt/cell.h"
#include "crdt/types/draft.h"

namespace crdt {

// The index of the winning cell; nullopt when there is none.
std::optional<std::size_t> winner(const Cells& cells);
// A put that says that there is no value.
bool is_absent(const Cell& cell);
// True if `a` loses against `b` in the order (stamp, a value before `absent`, dot).
bool loses(const Cell& a, const Cell& b);
// Why the winner won against the best loser: "stamp", "dot" or "add_wins" (over `absent` with the
// same stamp); "only" when there is no loser.
std::string_view rule_between(const Cell& winner, const Cell& loser);
// The winner first, then the best loser, and so on.
Cells best_first(Cells cells);

// What is shown of a register of this type; nullopt when it is not there (no cell, or the winner is
// `absent`).
std::optional<std::string> register_value(const Cells& cells, SlotType type);

// The cells that a put of `value` (empty: `absent`) takes the place of. Without a client's stamp
// all that the author sees. Nullopt: it is superseded, because its stamp does not win against a
// cell that the author sees.
std::optional<Cells> replaced_by(const Draft& draft, const Cells& seen, std::string_view value);
// Values of other writers at the same time that Op::keeps_ties may leave in a slot. With more of
// them the flag has no effect.
inline constexpr std::size_t kTiesMax = 16;
// A put of `value`, or of `absent` if it is empty. No effect if it is superseded; `draft` then says
// so.
base::Status set_register(Draft& draft, const Path& path, SlotType type, std::string_view value);

}  // namespace crdt
