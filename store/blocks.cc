#include "store/blocks.h"

#include <limits>

#include "store/row.h"

namespace store {
namespace {

std::int64_t checksum(std::int64_t owner, std::int64_t number, base::BytesView content) {
  return RowChecksum('b').number(owner).number(number).bytes(content).value();
}

base::Error corrupt_block(const Database& database, std::int64_t owner, std::int64_t number) {
  return corrupt_row(database, "blocks", std::to_string(owner) + ":" + std::to_string(number));
}

}  // namespace

Blocks::Blocks(Database& database)
    : database_(database),
      select_(database, "SELECT v, sum FROM blocks WHERE owner=?1 AND number=?2"),
      next_(database,
            "SELECT number, v, sum FROM blocks WHERE owner=?1 AND number>=?2 "
            "ORDER BY number LIMIT 1"),
      count_(database, "SELECT count(*) FROM blocks"),
      bytes_(database, "SELECT coalesce(sum(length(v)), 0) FROM blocks WHERE owner=?1"),
      upsert_(database,
              "INSERT INTO blocks(owner, number, sum, v) VALUES(?1, ?2, ?3, ?4) "
              "ON CONFLICT(owner, number) DO UPDATE SET sum=excluded.sum, v=excluded.v"),
      erase_(database, "DELETE FROM blocks WHERE owner=?1 AND number=?2"),
      erase_all_(database, "DELETE FROM blocks WHERE owner=?1") {}

base::Result<std::optional<base::Bytes>> Blocks::get(std::int64_t owner, std::int64_t number) {
  ASSIGN_OR_RETURN(Loan select, select_.use());
  select->bind(1, owner).bind(2, number);
  ASSIGN_OR_RETURN(const bool row, select->step());
  if (!row) return std::optional<base::Bytes>();
  base::Bytes content(select->blob(0));
  if (select->integer(1) != checksum(owner, number, content)) {
    return corrupt_block(database_, owner, number);
  }
  return std::optional<base::Bytes>(std::move(content));
}

base::Status Blocks::visit(std::int64_t owner, std::int64_t from, const Visitor& visitor) {
  for (;;) {
    std::int64_t number = 0;
    base::Bytes content;
    {
      ASSIGN_OR_RETURN(Loan next, next_.use());
      next->bind(1, owner).bind(2, from);
      ASSIGN_OR_RETURN(const bool row, next->step());
      if (!row) return {};
      number = next->integer(0);
      content = next->blob(1);
      if (next->integer(2) != checksum(owner, number, content)) {
        return corrupt_block(database_, owner, number);
      }
    }
    if (!visitor(number, content)) return {};
    if (number == std::numeric_limits<std::int64_t>::max()) return {};
    from = number + 1;
  }
}

base::Result<std::int64_t> Blocks::count() { return count_.number(); }

base::Result<std::int64_t> Blocks::bytes(std::int64_t owner) {
  ASSIGN_OR_RETURN(Loan bytes, bytes_.use());
  bytes->bind(1, owner);
  ASSIGN_OR_RETURN(const bool row, bytes->step());
  return row ? bytes->integer(0) : 0;
}

base::Status Blocks::put(std::int64_t owner, std::int64_t number, base::BytesView content) {
  RETURN_IF_ERROR(database_.writable());
  if (content.size() > kBytesMax) {
    return base::Error{base::Code::kTooLarge,
                       "block " + std::to_string(owner) + ":" + std::to_string(number) + " has " +
                           std::to_string(content.size()) + " bytes; at most " +
                           std::to_string(kBytesMax) + " are kept"};
  }
  ASSIGN_OR_RETURN(Loan upsert, upsert_.use());
  upsert->bind(1, owner).bind(2, number).bind(3, checksum(owner, number, content));
  upsert->bind_blob(4, content);
  return upsert->run();
}

base::Status Blocks::erase(std::int64_t owner, std::int64_t number) {
  RETURN_IF_ERROR(database_.writable());
  ASSIGN_OR_RETURN(Loan erase, erase_.use());
  erase->bind(1, owner).bind(2, number);
  return erase->run();
}

base::Status Blocks::erase_all(std::int64_t owner) {
  RETURN_IF_ERROR(database_.writable());
  ASSIGN_OR_RETURN(Loan erase, erase_all_.use());
  erase->bind(1, owner);
  return erase->run();
}

}  // namespace store
