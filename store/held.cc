#include "store/held.h"

#include "store/row.h"

namespace store {
namespace {

std::int64_t checksum(std::int64_t index, HeldKind kind, base::BytesView actor, std::int64_t seq,
                      base::BytesView change) {
  RowChecksum sum('h');
  sum.number(index).number(static_cast<std::int64_t>(kind)).bytes(actor).number(seq);
  return sum.bytes(change).value();
}

}  // namespace

HeldTable::HeldTable(Database& database)
    : insert_(
          database,
          "INSERT INTO held(idx, kind, actor, seq, sum, change) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"),
      next_(database, "SELECT ifnull(max(idx), 0) + 1 FROM held"),
      room_(database,
            "SELECT count(*), ifnull(sum(length(change)), 0), "
            "ifnull(max(actor=?1 AND seq=?2 AND change=?3), 0) FROM held WHERE kind=1"),
      rows_(database,
            "SELECT idx, kind, actor, seq, sum, change FROM held WHERE kind=?1 AND idx>?2 "
            "ORDER BY idx"),
      count_(database, "SELECT count(*) FROM held WHERE kind=?1"),
      erase_(database, "DELETE FROM held WHERE idx=?1") {}

base::Result<bool> HeldTable::keep_unknown(const crdt::SealedChange& change) {
  {
    ASSIGN_OR_RETURN(Loan room, room_.use());
    room->bind_blob(1, change.actor.view()).bind(2, static_cast<std::int64_t>(change.seq));
    room->bind_blob(3, change.bytes);
    ASSIGN_OR_RETURN(const bool row, room->step());
    if (row && room->integer(2) != 0) return true;
    const auto bytes = static_cast<std::int64_t>(change.bytes.size());
    if (!row || room->integer(0) >= kHeldUnknownMax ||
        bytes > kHeldUnknownBytesMax - room->integer(1)) {
      return false;
    }
  }
  RETURN_IF_ERROR(keep(HeldKind::kUnknown, change.actor, change.seq, change.bytes));
  return true;
}

base::Status HeldTable::keep(HeldKind kind, const base::ActorId& actor, std::uint64_t seq,
                             base::BytesView change) {
  std::int64_t index = 1;
  {
    ASSIGN_OR_RETURN(Loan next, next_.use());
    ASSIGN_OR_RETURN(const bool row, next->step());
    if (row) index = next->integer(0);
  }
  ASSIGN_OR_RETURN(Loan insert, insert_.use());
  const auto number = static_cast<std::int64_t>(seq);
  insert->bind(1, index).bind(2, static_cast<std::int64_t>(kind)).bind_blob(3, actor.view());
  insert->bind(4, number).bind(5, checksum(index, kind, actor.view(), number, change));
  insert->bind_blob(6, change);
  return insert->run();
}

base::Status HeldTable::erase(std::int64_t index) {
  ASSIGN_OR_RETURN(Loan erase, erase_.use());
  erase->bind(1, index);
  return erase->run();
}

base::Result<std::vector<HeldChange>> HeldTable::rows(HeldKind kind, std::int64_t after,
                                                      std::size_t limit) {
  std::vector<HeldChange> found;
  std::size_t bytes = 0;
  ASSIGN_OR_RETURN(Loan select, rows_.use());
  select->bind(1, static_cast<std::int64_t>(kind)).bind(2, after);
  while (found.size() < limit && bytes < kHeldReadBytes) {
    ASSIGN_OR_RETURN(const bool row, select->step());
    if (!row) break;
    const std::int64_t index = select->integer(0);
    const base::BytesView change = select->blob(5);
    if (checksum(index, kind, select->blob(2), select->integer(3), change) != select->integer(4)) {
      continue;
    }
    found.push_back({index, kind, base::Bytes(change)});
    bytes += change.size();
  }
  return found;
}

base::Result<std::int64_t> HeldTable::count(HeldKind kind) {
  ASSIGN_OR_RETURN(Loan count, count_.use());
  count->bind(1, static_cast<std::int64_t>(kind));
  ASSIGN_OR_RETURN(const bool row, count->step());
  return row ? count->integer(0) : 0;
}

}  // namespace store
