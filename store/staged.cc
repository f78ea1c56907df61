#include "store/staged.h"

#include "store/row.h"

namespace store {
namespace {

std::int64_t checksum(std::int64_t part, std::int64_t page, base::BytesView body) {
  return RowChecksum('s').number(part).number(page).bytes(body).value();
}

}  // namespace

Staged::Staged(Database& database)
    : database_(database),
      insert_(database, "INSERT INTO staged(part, page, sum, body) VALUES(?1, ?2, ?3, ?4)"),
      select_(database, "SELECT sum, body FROM staged WHERE part=?1 AND page=?2"),
      clear_(database, "DELETE FROM staged") {}

base::Status Staged::put(std::int64_t part, std::int64_t page, base::BytesView body) {
  RETURN_IF_ERROR(database_.writable());
  ASSIGN_OR_RETURN(Loan insert, insert_.use());
  insert->bind(1, part).bind(2, page).bind(3, checksum(part, page, body)).bind_blob(4, body);
  return insert->run();
}

base::Status Staged::clear() {
  RETURN_IF_ERROR(database_.writable());
  ASSIGN_OR_RETURN(Loan clear, clear_.use());
  return clear->run();
}

base::Result<std::optional<base::Bytes>> Staged::get(std::int64_t part, std::int64_t page) {
  ASSIGN_OR_RETURN(Loan select, select_.use());
  select->bind(1, part).bind(2, page);
  ASSIGN_OR_RETURN(const bool row, select->step());
  if (!row) return std::optional<base::Bytes>();
  base::Bytes body(select->blob(1));
  if (select->integer(0) == checksum(part, page, body)) return std::optional(std::move(body));
  return corrupt_row(database_, "staged", std::to_string(part) + ":" + std::to_string(page));
}

}  // namespace store
