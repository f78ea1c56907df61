#include "store/text_rows.h"

#include "store/row.h"

namespace store {
namespace {

std::int64_t checksum(base::BytesView key, std::int64_t id, base::BytesView content) {
  return RowChecksum('t').bytes(key).number(id).bytes(content).value();
}

base::Bytes pack(const TextRow& row) {
  base::Bytes out;
  append_varint(out, row.elements);
  append_varint(out, row.next_block);
  append_varint(out, row.tail);
  append_varint(out, row.tail_changes);
  return out + row.digest.bytes();
}

}  // namespace

TextRows::TextRows(Database& database)
    : database_(database),
      select_(database, "SELECT id, v, sum FROM texts WHERE k=?1"),
      next_(database, "SELECT id, v, sum, k FROM texts WHERE k>=?1 AND k<?2 ORDER BY k LIMIT 1"),
      upsert_(database,
              "INSERT INTO texts(k, id, v, sum) VALUES(?1, ?2, ?3, ?4) "
              "ON CONFLICT(k) DO UPDATE SET id=excluded.id, v=excluded.v, sum=excluded.sum"),
      last_(database, "SELECT coalesce(max(id), 0) FROM texts") {}

base::Result<TextRow> TextRows::parse(base::BytesView key, const Loan& row) const {
  TextRow text;
  text.id = row->integer(0);
  const base::BytesView content = row->blob(1);
  RowParser parser(content);
  text.elements = parser.varint();
  text.next_block = static_cast<std::uint32_t>(parser.varint());
  text.tail = static_cast<std::uint32_t>(parser.varint());
  text.tail_changes = static_cast<std::uint32_t>(parser.varint());
  const auto digest = crdt::Digest::from(parser.take(16));
  const bool sound =
      parser.complete() && digest && row->integer(2) == checksum(key, text.id, content);
  if (!sound) return corrupt_row(database_, "texts", base::to_hex(key));
  text.digest = *digest;
  return text;
}

base::Result<std::optional<TextRow>> TextRows::find(base::BytesView key) {
  ASSIGN_OR_RETURN(Loan select, select_.use());
  select->bind_blob(1, key);
  ASSIGN_OR_RETURN(const bool row, select->step());
  if (!row) return std::optional<TextRow>();
  ASSIGN_OR_RETURN(const TextRow found, parse(key, select));
  return std::optional<TextRow>(found);
}

base::Status TextRows::put(base::BytesView key, const TextRow& row) {
  RETURN_IF_ERROR(database_.writable());
  const base::Bytes content = pack(row);
  ASSIGN_OR_RETURN(Loan upsert, upsert_.use());
  upsert->bind_blob(1, key).bind(2, row.id).bind_blob(3, content);
  upsert->bind(4, checksum(key, row.id, content));
  return upsert->run();
}

base::Result<std::int64_t> TextRows::last_id() { return last_.number(); }

base::Status TextRows::visit(base::BytesView from, base::BytesView bound, const Visitor& visitor) {
  base::Bytes start(from);
  for (;;) {
    base::Bytes key;
    TextRow text;
    {
      ASSIGN_OR_RETURN(Loan next, next_.use());
      next->bind_blob(1, start).bind_blob(2, bound);
      ASSIGN_OR_RETURN(const bool row, next->step());
      if (!row) return {};
      key = next->blob(3);
      ASSIGN_OR_RETURN(text, parse(key, next));
    }
    if (!visitor(key, text)) return {};
    start = key + '\0';
  }
}

}  // namespace store
