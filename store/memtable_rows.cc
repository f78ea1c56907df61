#include "store/memtable_rows.h"

#include <algorithm>

#include "store/row.h"

namespace store {
namespace {

std::uint64_t sum_of(std::int64_t position, std::uint64_t before, base::BytesView row) {
  RowChecksum sum('r');
  sum.number(position).number(static_cast<std::int64_t>(before));
  return sum.bytes(row).wide_value();
}

// A name is written as the number of bytes that it has in common with the one before, and the rest.
base::Bytes encode(const PendingSlots& slots) {
  base::Bytes row;
  base::BytesView before;
  for (const auto& [key, cells] : slots) {
    const base::BytesView name = key.name;
    const auto differ = std::mismatch(name.begin(), name.end(), before.begin(), before.end()).first;
    const auto common = static_cast<std::size_t>(differ - name.begin());
    append_varint(row, common);
    append_varint(row, name.size() - common);
    row.append(name.substr(common));
    row.push_back(static_cast<char>(key.lane));
    append_varint(row, cells ? cells->size() + 1 : 0);
    if (cells) row.append(*cells);
    before = name;
  }
  return row;
}

bool decode(base::BytesView row, std::int64_t position, Memtable& into) {
  RowParser parser(row);
  base::Bytes name;
  while (!parser.at_end()) {
    const std::uint64_t common = parser.varint();
    const base::BytesView rest = parser.take(parser.varint());
    const std::uint8_t lane = parser.byte();
    const std::uint64_t size = parser.varint();
    const base::BytesView cells = size > 0 ? parser.take(size - 1) : base::BytesView();
    if (!parser.ok() || common > name.size()) return false;
    name.resize(common);
    name.append(rest);
    into.insert({name, lane}, position, size > 0 ? std::optional(cells) : std::nullopt);
  }
  return !row.empty();
}

}  // namespace

MemtableRows::MemtableRows(Database& database)
    : database_(database),
      name_(database,
            "SELECT (SELECT min(pos) FROM recent), pos, sum FROM recent ORDER BY pos DESC LIMIT 1"),
      all_(database, "SELECT pos, before, sum, v FROM recent ORDER BY pos"),
      sizes_(database, "SELECT pos, length(v) FROM recent ORDER BY pos"),
      insert_(database, "INSERT INTO recent(pos, before, sum, v) VALUES(?1, ?2, ?3, ?4)"),
      erase_(database, "DELETE FROM recent WHERE pos<=?1") {}

base::Result<RecentName> MemtableRows::name() {
  ASSIGN_OR_RETURN(Loan select, name_.use());
  ASSIGN_OR_RETURN(const bool row, select->step());
  if (!row) return RecentName();
  return RecentName{select->integer(0), select->integer(1),
                    static_cast<std::uint64_t>(select->integer(2))};
}

base::Status MemtableRows::read(const TableFor& table_for) {
  ASSIGN_OR_RETURN(Loan select, all_.use());
  std::optional<std::int64_t> before;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, select->step());
    if (!row) return {};
    const std::int64_t position = select->integer(0);
    const std::int64_t sum = select->integer(2);
    const base::BytesView content = select->blob(3);
    Memtable& into = table_for(position);
    const bool sound = is_sound(position, select->integer(1), content, sum) &&
                       (!before || *before == select->integer(1)) &&
                       decode(content, position, into);
    if (!sound) return corrupt_row(database_, "recent", position);
    into.keep();
    before = sum;
  }
}

base::Result<std::uint64_t> MemtableRows::append(std::int64_t position, std::uint64_t before,
                                                 const PendingSlots& slots) {
  const base::Bytes row = encode(slots);
  const std::uint64_t sum = sum_of(position, before, row);
  ASSIGN_OR_RETURN(Loan insert, insert_.use());
  insert->bind(1, position).bind(2, static_cast<std::int64_t>(before));
  insert->bind(3, static_cast<std::int64_t>(sum)).bind_blob(4, row);
  RETURN_IF_ERROR(insert->run());
  return sum;
}

base::Result<std::int64_t> MemtableRows::trim(std::int64_t last, std::size_t bytes_max) {
  std::int64_t upto = 0;
  std::int64_t left = 0;
  std::size_t bytes = 0;
  {
    ASSIGN_OR_RETURN(Loan sizes, sizes_.use());
    for (;;) {
      ASSIGN_OR_RETURN(const bool row, sizes->step());
      if (!row) break;
      const bool more = upto == 0 || bytes < bytes_max;
      if (sizes->integer(0) > last || !more) {
        left = sizes->integer(0);
        break;
      }
      upto = sizes->integer(0);
      bytes += static_cast<std::size_t>(sizes->integer(1));
    }
  }
  ASSIGN_OR_RETURN(Loan erase, erase_.use());
  erase->bind(1, upto);
  RETURN_IF_ERROR(erase->run());
  return left;
}

bool MemtableRows::is_sound(std::int64_t position, std::int64_t before, base::BytesView row,
                            std::int64_t sum) {
  return sum_of(position, static_cast<std::uint64_t>(before), row) ==
         static_cast<std::uint64_t>(sum);
}

}  // namespace store
