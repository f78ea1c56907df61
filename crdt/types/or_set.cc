#include "crdt/types/or_set.h"

#include <utility>

namespace crdt {
namespace {

DotRuns dots_of(const Cells& cells) {
  std::vector<Dot> dots;
  dots.reserve(cells.size());
  for (const Cell& cell : cells) dots.push_back(cell.dot);
  return runs_of(std::move(dots));
}

}  // namespace

Effect add_presence(const Slot& slot, const Cells& seen, const Stamp& stamp) {
  return {EffectKind::kPut, slot, dots_of(seen), stamp, base::Bytes(), {}};
}

std::optional<Effect> remove_seen(const Slot& slot, const Cells& seen) {
  if (seen.empty()) return std::nullopt;
  return Effect{EffectKind::kRemove, slot, dots_of(seen), {}, {}, {}};
}

}  // namespace crdt
