#include "crdt/types/register.h"

#include <tuple>

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

}  // namespace crdt
