#include "store/cell_codec.h"

#include "store/row.h"

namespace store {
namespace {

enum Flag : std::uint8_t {
  kHasIndex = 1,
  kHasCounter = 2,
  kHasWriter = 4,
  kHasKind = 8,  // absent: the kind is put
  // The body has a length and another cell follows; absent: the body takes the rest.
  kHasMore = 16,
};
constexpr std::uint8_t kAllFlags = 31;

void pack(base::Bytes& out, const crdt::Cell& cell, std::int64_t actor, bool last) {
  std::uint8_t flags = 0;
  if (cell.dot.index != 0) flags |= kHasIndex;
  if (cell.stamp.time.counter != 0) flags |= kHasCounter;
  if (!cell.stamp.writer.empty()) flags |= kHasWriter;
  if (cell.kind != crdt::EffectKind::kPut) flags |= kHasKind;
  if (!last) flags |= kHasMore;
  out.push_back(static_cast<char>(flags));
  append_varint(out, static_cast<std::uint64_t>(actor));
  append_varint(out, cell.dot.seq);
  base::append_be64(out, static_cast<std::uint64_t>(cell.stamp.time.nanos));
  if (flags & kHasIndex) append_varint(out, cell.dot.index);
  if (flags & kHasCounter) append_varint(out, cell.stamp.time.counter);
  if (flags & kHasWriter) {
    append_varint(out, cell.stamp.writer.size());
    out.append(cell.stamp.writer);
  }
  if (flags & kHasKind) out.push_back(static_cast<char>(cell.kind));
  if (flags & kHasMore) append_varint(out, cell.body.size());
  out.append(cell.body);
}

// Reads all but the actor's id. Returns the actor's number, 0 when the bytes are not a valid cell.
std::int64_t unpack(RowParser& parser, crdt::Cell& cell) {
  const std::uint8_t flags = parser.byte();
  const std::uint64_t actor = parser.varint();
  cell.dot.seq = parser.varint();
  cell.stamp.time.nanos = static_cast<std::int64_t>(parser.be64());
  if (flags & kHasIndex) cell.dot.index = static_cast<std::uint32_t>(parser.varint());
  if (flags & kHasCounter) cell.stamp.time.counter = static_cast<std::uint32_t>(parser.varint());
  if (flags & kHasWriter) cell.stamp.writer = parser.take(parser.varint());
  if (flags & kHasKind) cell.kind = static_cast<crdt::EffectKind>(parser.byte());
  cell.body = flags & kHasMore ? parser.take(parser.varint()) : parser.rest();
  const bool sound =
      parser.ok() && flags <= kAllFlags && ((flags & kHasMore) != 0) == !parser.at_end();
  return sound ? static_cast<std::int64_t>(actor) : 0;
}

}  // namespace

base::Bytes pack_cells(const crdt::Cells& cells, Actors& actors) {
  base::Bytes out;
  for (const crdt::Cell& cell : cells) {
    pack(out, cell, actors.intern(cell.dot.actor), &cell == &cells.back());
  }
  return out;
}

base::Result<crdt::Cells> unpack_cells(base::BytesView packed, Actors& actors) {
  crdt::Cells cells;
  RowParser parser(packed);
  do {
    crdt::Cell& cell = cells.emplace_back();
    const std::int64_t actor = unpack(parser, cell);
    if (actor == 0) return base::Error{base::Code::kCorrupt, "no cells"};
    ASSIGN_OR_RETURN(cell.dot.actor, actors.resolve(actor));
  } while (!parser.at_end());
  return cells;
}

}  // namespace store
