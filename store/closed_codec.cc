#include "store/closed_codec.h"

#include <algorithm>
#include <limits>

#include "store/row.h"

namespace store {
namespace {

constexpr std::uint64_t kPackedLeft = 1;
constexpr std::uint64_t kPackedAlone = 2;
constexpr int kFlagBits = 2;
constexpr std::uint64_t kNodesMax = 256;  // in one row

std::uint64_t below(std::uint64_t head, std::uint64_t number) {
  return number < head ? head - number : 0;
}

}  // namespace

base::Bytes encode_closed(const std::vector<ActorEntry>& block) {
  std::vector<base::NodeId> nodes;
  for (const auto& [id, actor] : block) {
    const auto& node = actor.node;
    if (node && std::find(nodes.begin(), nodes.end(), *node) == nodes.end()) nodes.push_back(*node);
  }
  base::Bytes row;
  append_varint(row, nodes.size());
  for (const base::NodeId& node : nodes) row.append(node.view());
  std::int64_t before = 0;
  for (const auto& [id, actor] : block) {
    append_varint(row, static_cast<std::uint64_t>(actor.index - before));
    before = actor.index;
    row.append(id.view());
    std::uint64_t place = 0;
    if (actor.node) {
      const auto found = std::find(nodes.begin(), nodes.end(), *actor.node);
      place = static_cast<std::uint64_t>(found - nodes.begin()) + 1;
    }
    append_varint(row, (place << kFlagBits) | (actor.left ? kPackedLeft : 0) |
                           (actor.alone ? kPackedAlone : 0));
    append_varint(row, actor.head.seq);
    base::append_be64(row, actor.head.hash);
    append_varint(row, below(actor.head.seq, actor.floor));
    append_varint(row, below(actor.head.seq, actor.named_seq));
  }
  return row;
}

std::optional<std::vector<ActorEntry>> decode_closed(base::BytesView row) {
  RowParser parser(row);
  std::vector<base::NodeId> nodes(std::min(parser.varint(), kNodesMax));
  for (base::NodeId& node : nodes) {
    const auto read = base::NodeId::from(parser.take(base::NodeId::kSize));
    if (!parser.ok() || !read) return std::nullopt;
    node = *read;
  }
  std::vector<ActorEntry> block;
  std::int64_t index = 0;
  while (parser.ok() && !parser.at_end()) {
    Actor actor;
    const std::uint64_t step = parser.varint();
    if (step > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() - index)) {
      return std::nullopt;
    }
    index += static_cast<std::int64_t>(step);
    actor.index = index;
    const auto id = base::ActorId::from(parser.take(base::ActorId::kSize));
    const std::uint64_t place = parser.varint();
    actor.left = (place & kPackedLeft) != 0;
    actor.alone = (place & kPackedAlone) != 0;
    actor.closed = true;
    actor.in_block = true;
    actor.head.seq = parser.varint();
    actor.head.hash = parser.be64();
    actor.floor = actor.head.seq - parser.varint();
    actor.named_seq = actor.head.seq - parser.varint();
    if (!parser.ok() || !id || (place >> kFlagBits) > nodes.size()) return std::nullopt;
    if (place >> kFlagBits) actor.node = nodes[(place >> kFlagBits) - 1];
    block.emplace_back(*id, actor);
  }
  if (!parser.complete()) return std::nullopt;
  return block;
}

}  // namespace store
