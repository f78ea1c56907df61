#include "agent/api/cell_text.h"

#include <algorithm>

#include "agent/api/json_text.h"
#include "crdt/content.h"

namespace agent {

std::string cell_value(const crdt::Cell& cell) {
  std::string value = crdt::shown_value(cell);
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
