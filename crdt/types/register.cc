#include "crdt/types/register.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "crdt/content.h"

namespace crdt {

bool loses(const Cell& a, const Cell& b) {
  return std::tie(a.stamp, a.dot) < std::tie(b.stamp, b.dot);
}

std::optional<std::size_t> winner(const Cells& cells) {
  if (cells.empty()) return std::nullopt;
  std::size_t best = 0;
  for (std::size_t i = 1; i < cells.size(); ++i) {
    if (loses(cells[best], cells[i])) best = i;
  }
  return best;
}

std::string_view rule_between(const Cell& winner, const Cell& loser) {
  if (winner.dot == loser.dot) return "only";
  return winner.stamp == loser.stamp ? "dot" : "stamp";
}

Cells best_first(Cells cells) {
  std::sort(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) { return loses(b, a); });
  return cells;
}

std::optional<std::string> register_value(const Cells& cells, SlotType type) {
  const auto best = winner(cells);
  if (!best) return std::nullopt;
  if (shown_of(cells[*best]).empty()) return std::nullopt;
  if (type != SlotType::kMvRegister) return shown_value(cells[*best]);
  std::string values;
  for (const Cell& cell : best_first(cells)) {
    const std::string one = shown_value(cell);
    if (one.empty()) continue;
    values += values.empty() ? '[' : ',';
    values += one;
  }
  return values + ']';
}

bool is_superseded(const Draft& draft, const Cells& seen) {
  return draft.stamp && std::any_of(seen.begin(), seen.end(),
                                    [&](const Cell& cell) { return *draft.stamp <= cell.stamp; });
}

base::Status set_register(Draft& draft, const Path& path, SlotType type, std::string_view value) {
  ASSIGN_OR_RETURN(const Cells seen, draft.view.cells(path, type));
  if (is_superseded(draft, seen)) return {};
  draft.effects.push_back(put_over(draft.slot(path, type), seen, stamp_over(draft, seen), value));
  return {};
}

}  // namespace crdt
