#include "store/log_table.h"

#include "store/row.h"

namespace store {
namespace {

RowChecksum row_sum(char table, const LogRow& row) {
  RowChecksum sum(table);
  sum.number(row.position).number(row.actor).number(static_cast<std::int64_t>(row.seq));
  return sum;
}

// `size` is that of the sealed change if `change` is a frame of it, or 0.
std::int64_t change_sum(const LogRow& row, std::int64_t size, base::BytesView change) {
  return row_sum('g', row).number(size).bytes(change).value();
}

}  // namespace

LogTable::LogTable(Database& database)
    : database_(database),
      insert_(database,
              "INSERT INTO log(pos, actor, seq, size, sum, change) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"),
      erase_(database, "DELETE FROM log WHERE pos=?1"),
      oldest_(database, "SELECT min(pos) FROM log"),
      from_(database,
            "SELECT pos, actor, seq, size, sum, change FROM log WHERE pos>=?1 ORDER BY pos"),
      insert_index_(
          database,
          "INSERT OR REPLACE INTO log_index(actor, seq, pos, sum) VALUES(?1, ?2, ?3, ?4)"),
      erase_index_(database, "DELETE FROM log_index WHERE actor=?1 AND seq<=?2"),
      start_(database,
             "SELECT seq, pos, sum FROM log_index WHERE actor=?1 AND seq<=?2 "
             "ORDER BY seq DESC LIMIT 1"),
      all_of_index_(database,
                    "SELECT actor, seq, pos, sum FROM log_index WHERE (actor, seq)>(?1, ?2) "
                    "ORDER BY actor, seq"),
      erase_one_of_index_(database, "DELETE FROM log_index WHERE actor=?1 AND seq=?2") {}

void LogTable::forget() {
  last_indexed_.clear();
  damaged_ = false;
}

base::Result<std::size_t> LogTable::append(const LogRow& row, base::BytesView change) {
  const auto packed = packer_.pack(change);
  const auto size = static_cast<std::int64_t>(packed ? change.size() : 0);
  const base::BytesView kept = packed ? base::BytesView(*packed) : change;
  {
    ASSIGN_OR_RETURN(Loan insert, insert_.use());
    insert->bind(1, row.position).bind(2, row.actor).bind(3, static_cast<std::int64_t>(row.seq));
    insert->bind(4, size).bind(5, change_sum(row, size, kept)).bind_blob(6, kept);
    RETURN_IF_ERROR(insert->run());
  }
  ASSIGN_OR_RETURN(const std::int64_t last, last_indexed(row.actor));
  const bool far = last == 0 || row.position - last >= kIndexPositions;
  if (far || row.seq % kIndexSeqs == 0) RETURN_IF_ERROR(index(row));
  return kept.size();
}

base::Status LogTable::erase(std::int64_t position) {
  ASSIGN_OR_RETURN(Loan erase, erase_.use());
  erase->bind(1, position);
  return erase->run();
}

base::Status LogTable::erase_index(std::int64_t actor, std::uint64_t seq) {
  ASSIGN_OR_RETURN(Loan erase, erase_index_.use());
  erase->bind(1, actor).bind(2, static_cast<std::int64_t>(seq));
  return erase->run();
}

base::Result<std::int64_t> LogTable::oldest() { return oldest_.number(); }

base::Result<std::int64_t> LogTable::start_of(std::int64_t actor, std::uint64_t seq) {
  ASSIGN_OR_RETURN(Loan start, start_.use());
  start->bind(1, actor).bind(2, static_cast<std::int64_t>(seq));
  ASSIGN_OR_RETURN(const bool found, start->step());
  if (!found) return std::int64_t{0};
  const LogRow row{start->integer(1), actor, static_cast<std::uint64_t>(start->integer(0))};
  if (start->integer(2) == row_sum('i', row).value()) return row.position;
  corrupt_row(database_, "log_index", std::to_string(actor) + ":" + std::to_string(row.seq));
  damaged_ = true;
  return std::int64_t{0};
}

base::Result<LogTable::Cursor> LogTable::from(std::int64_t position) {
  ASSIGN_OR_RETURN(Loan select, from_.use());
  select->bind(1, position);
  return Cursor(database_, packer_, std::move(select));
}

base::Result<std::optional<LogRow>> LogTable::Cursor::next() {
  ASSIGN_OR_RETURN(const bool found, select_->step());
  if (!found) return std::optional<LogRow>();
  LogRow row;
  row.position = select_->integer(0);
  row.actor = select_->integer(1);
  row.seq = static_cast<std::uint64_t>(select_->integer(2));
  return std::optional<LogRow>(row);
}

base::Result<base::BytesView> LogTable::Cursor::change(const LogRow& row) {
  const auto change = read(row);
  if (!change) return corrupt_row(*database_, "log", row.position);
  return *change;
}

std::size_t LogTable::Cursor::stored_bytes() const { return select_->blob(5).size(); }

std::optional<base::BytesView> LogTable::Cursor::read(const LogRow& row) {
  const std::int64_t size = select_->integer(3);
  const base::BytesView kept = select_->blob(5);
  if (size < 0 || select_->integer(4) != change_sum(row, size, kept)) return std::nullopt;
  if (size == 0) return kept;
  auto unpacked = packer_->unpack(kept, static_cast<std::uint64_t>(size));
  if (!unpacked) return std::nullopt;
  unpacked_ = std::move(*unpacked);
  return unpacked_;
}

base::Result<std::uint64_t> LogTable::mend_index() {
  std::uint64_t dropped = 0;
  LogRow at{0, INT64_MIN, 0};
  for (bool more = true; more;) {
    more = false;
    {
      ASSIGN_OR_RETURN(Loan select, all_of_index_.use());
      select->bind(1, at.actor).bind(2, static_cast<std::int64_t>(at.seq));
      while (!more) {
        ASSIGN_OR_RETURN(const bool found, select->step());
        if (!found) break;
        at = {select->integer(2), select->integer(0),
              static_cast<std::uint64_t>(select->integer(1))};
        more = select->integer(3) != row_sum('i', at).value();
      }
    }
    if (!more) break;
    ASSIGN_OR_RETURN(Loan erase, erase_one_of_index_.use());
    erase->bind(1, at.actor).bind(2, static_cast<std::int64_t>(at.seq));
    RETURN_IF_ERROR(erase->run());
    ++dropped;
  }
  last_indexed_.clear();
  return dropped;
}

base::Status LogTable::index(const LogRow& row) {
  ASSIGN_OR_RETURN(Loan insert, insert_index_.use());
  insert->bind(1, row.actor).bind(2, static_cast<std::int64_t>(row.seq)).bind(3, row.position);
  insert->bind(4, row_sum('i', row).value());
  RETURN_IF_ERROR(insert->run());
  last_indexed_[row.actor] = row.position;
  return {};
}

base::Result<std::int64_t> LogTable::last_indexed(std::int64_t actor) {
  const auto known = last_indexed_.find(actor);
  if (known != last_indexed_.end()) return known->second;
  ASSIGN_OR_RETURN(const std::int64_t position, start_of(actor, INT64_MAX));
  last_indexed_[actor] = position;
  return position;
}

}  // namespace store
