#include "crdt/types/register.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "crdt/base/plant.h"
#include "crdt/content.h"

namespace crdt {
namespace {

// Another writer's value at the time of the client's stamp.
bool is_tie(const Stamp& stamp, std::string_view value, const Cell& cell) {
  return cell.stamp.time == stamp.time && cell.stamp.writer != stamp.writer && !value.empty() &&
         !is_absent(cell) && value_of(cell.body) != value;
}

bool wins(const Stamp& stamp, std::string_view value, const Cell& cell) {
  if (PLANTED(kStampTieByArrival) && cell.stamp.time == stamp.time) return true;
  if (stamp != cell.stamp) return stamp > cell.stamp;
  return !value.empty() && is_absent(cell);
}

}  // namespace

bool is_absent(const Cell& cell) {
  return cell.kind == EffectKind::kPut && value_of(cell.body).empty();
}

bool loses(const Cell& a, const Cell& b) {
  const bool a_says = !is_absent(a);
  const bool b_says = !is_absent(b);
  return std::tie(a.stamp, a_says, a.dot) < std::tie(b.stamp, b_says, b.dot);
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
  if (winner.stamp != loser.stamp) return "stamp";
  return is_absent(winner) == is_absent(loser) ? "dot" : "add_wins";
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

std::optional<Cells> replaced_by(const Draft& draft, const Cells& seen, std::string_view value) {
  if (!draft.stamp) return seen;
  const Stamp& stamp = *draft.stamp;
  const auto ties = std::count_if(seen.begin(), seen.end(), [&](const Cell& cell) {
    return draft.keeps_ties && is_tie(stamp, value, cell);
  });
  const bool keeps = ties > 0 && ties < static_cast<std::ptrdiff_t>(kTiesMax);
  Cells replaced;
  for (const Cell& cell : seen) {
    if (keeps && is_tie(stamp, value, cell)) continue;
    if (!wins(stamp, value, cell)) return std::nullopt;
    replaced.push_back(cell);
  }
  return replaced;
}

base::Status set_register(Draft& draft, const Path& path, SlotType type, std::string_view value) {
  ASSIGN_OR_RETURN(const Cells seen, draft.view.cells(path, type));
  const auto replaced = replaced_by(draft, seen, value);
  if (!replaced) {
    draft.superseded = true;
    return {};
  }
  draft.effects.push_back(
      put_over(draft.slot(path, type), *replaced, stamp_over(draft, seen), value));
  return {};
}

}  // namespace crdt
