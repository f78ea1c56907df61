#include "agent/api/cell_text.h"

#include <algorithm>

#include "agent/api/json_text.h"

namespace agent {

std::string_view cell_value(const crdt::Cell& cell) {
  if (cell.kind != crdt::EffectKind::kPut) return "null";
  std::string_view value = crdt::value_of(cell.body);
  return value.empty() ? "null" : value;
}

std::string writer_of(const store::Actors& actors, const crdt::Cell& cell) {
  if (!cell.stamp.writer.empty()) return cell.stamp.writer;
  const auto actor = actors.find(cell.dot.actor);
  return actor && actor->node ? actor->node->hex() : cell.dot.actor.hex();
}

void collect(const crdt::Cells& cells, DotVector& vector) {
  for (const crdt::Cell& cell : cells) {
    std::uint64_t& seq = vector[cell.dot.actor];
    seq = std::max(seq, cell.dot.seq);
  }
}

std::string vector_text(const DotVector& vector) {
  JsonObject out;
  for (const auto& [actor, seq] : vector) out.number(actor.hex(), seq);
  return out.take();
}

}  // namespace agent
