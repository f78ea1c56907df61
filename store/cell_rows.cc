#include "store/cell_rows.h"

#include "store/cell_codec.h"
#include "store/row.h"

namespace store {
namespace {

constexpr std::size_t kSumBytes = 4;

std::uint32_t checksum(std::int64_t id, base::BytesView packed) {
  return static_cast<std::uint32_t>(RowChecksum('c').number(id).bytes(packed).value());
}

base::Bytes row(std::int64_t id, base::BytesView packed) {
  base::Bytes bytes;
  bytes.reserve(kSumBytes + packed.size());
  base::append_be32(bytes, checksum(id, packed));
  bytes.append(packed);
  return bytes;
}

}  // namespace

CellRows::CellRows(Database& database, Actors& actors)
    : database_(database),
      actors_(actors),
      select_(database, "SELECT v FROM cells WHERE id=?1"),
      range_(database, "SELECT id, v FROM cells WHERE id BETWEEN ?1 AND ?2 ORDER BY id"),
      any_(database, "SELECT 1 FROM cells WHERE id BETWEEN ?1 AND ?2 LIMIT 1"),
      last_(database, "SELECT max(id) FROM cells"),
      count_(database, "SELECT count(*) FROM cells"),
      insert_(database, "INSERT INTO cells(id, v) VALUES(?1, ?2)"),
      update_(database, "UPDATE cells SET v=?2 WHERE id=?1"),
      erase_(database, "DELETE FROM cells WHERE id=?1") {}

base::Result<std::optional<crdt::Cells>> CellRows::get(std::int64_t id) {
  ASSIGN_OR_RETURN(Loan select, select_.use());
  select->bind(1, id);
  ASSIGN_OR_RETURN(bool row, select->step());
  if (!row) return std::optional<crdt::Cells>();
  ASSIGN_OR_RETURN(crdt::Cells cells, parse(id, select->blob(0)));
  return std::optional<crdt::Cells>(std::move(cells));
}

base::Result<std::vector<CellRows::Row>> CellRows::of_name(std::int64_t name) {
  std::vector<Row> rows;
  ASSIGN_OR_RETURN(Loan range, range_.use());
  range->bind(1, row_id(name, 0)).bind(2, row_id(name, 255));
  for (;;) {
    ASSIGN_OR_RETURN(bool row, range->step());
    if (!row) break;
    const std::int64_t id = range->integer(0);
    ASSIGN_OR_RETURN(crdt::Cells cells, parse(id, range->blob(1)));
    rows.emplace_back(static_cast<int>(id & 0xff), std::move(cells));
  }
  // Every name has at least one row.
  if (rows.empty()) return corrupt_row(database_, "cells", row_id(name, 0));
  return rows;
}

base::Result<bool> CellRows::any_of(std::int64_t name) {
  ASSIGN_OR_RETURN(Loan any, any_.use());
  any->bind(1, row_id(name, 0)).bind(2, row_id(name, 255));
  return any->step();
}

base::Result<std::int64_t> CellRows::last_name() {
  ASSIGN_OR_RETURN(const std::int64_t last, last_.number());
  return last >> 8;
}

base::Result<std::int64_t> CellRows::count() { return count_.number(); }

base::Result<crdt::Cells> CellRows::unpack(base::BytesView packed) {
  return unpack_cells(packed, actors_);
}

base::Status CellRows::insert(std::int64_t id, base::BytesView packed) {
  const base::Bytes bytes = row(id, packed);
  ASSIGN_OR_RETURN(Loan insert, insert_.use());
  insert->bind(1, id).bind_blob(2, bytes);
  return insert->run();
}

// An update that changes no row would lose a write without an error.
base::Status CellRows::update(std::int64_t id, base::BytesView packed) {
  ASSIGN_OR_RETURN(const bool updated, update_if_there(id, packed));
  return updated ? base::Status() : corrupt_row(database_, "cells", id);
}

base::Status CellRows::erase(std::int64_t id) {
  ASSIGN_OR_RETURN(const bool erased, erase_if_there(id));
  return erased ? base::Status() : corrupt_row(database_, "cells", id);
}

base::Result<bool> CellRows::update_if_there(std::int64_t id, base::BytesView packed) {
  const base::Bytes bytes = row(id, packed);
  ASSIGN_OR_RETURN(Loan update, update_.use());
  update->bind(1, id).bind_blob(2, bytes);
  RETURN_IF_ERROR(update->run());
  return database_.changed_rows() == 1;
}

base::Result<bool> CellRows::erase_if_there(std::int64_t id) {
  ASSIGN_OR_RETURN(Loan erase, erase_.use());
  erase->bind(1, id);
  RETURN_IF_ERROR(erase->run());
  return database_.changed_rows() == 1;
}

base::Result<crdt::Cells> CellRows::parse(std::int64_t id, base::BytesView row) {
  RowParser parser(row);
  const std::uint32_t sum = parser.be32();
  const base::BytesView packed = parser.rest();
  if (!parser.ok() || sum != checksum(id, packed)) {
    return corrupt_row(database_, "cells", id);
  }
  auto cells = unpack_cells(packed, actors_);
  if (!cells.ok() && cells.error().code == base::Code::kCorrupt) {
    return base::Error{base::Code::kCorrupt, corrupt_row(database_, "cells", id).message + " (" +
                                                 cells.error().message + ")"};
  }
  return cells;
}

}  // namespace store
