#include "store/meta_table.h"

#include "store/row.h"

namespace store {
namespace {

enum MetaKey : std::int64_t {
  kIdentity = 1,
  kClock = 2,
  kCellTotals = 3,
  kLogTotals = 4,
  kRepair = 5,
  kCompaction = 7,  // 6 is MetaTable::kClosedDigest
  kTextTotals = 8,
  kHeard = 9,
  kCellFold = 10,
  kReserved = 11
};

std::int64_t meta_checksum(std::int64_t key, base::BytesView value) {
  return RowChecksum('m').number(key).bytes(value).value();
}

void append_sized(base::Bytes& out, base::BytesView value) {
  append_varint(out, value.size());
  out.append(value);
}

base::Bytes identity_row(const Meta& meta) {
  base::Bytes out;
  out.append(meta.node_id.view());
  out.append(meta.own_actor.view());
  base::append_be64(out, meta.boot_epoch);
  append_sized(out, meta.signing_seed);
  append_sized(out, meta.host_fingerprint);
  return out;
}

bool parse_identity(base::BytesView row, Meta& meta) {
  RowParser parser(row);
  const auto node = base::NodeId::from(parser.take(base::NodeId::kSize));
  const auto actor = base::ActorId::from(parser.take(base::ActorId::kSize));
  meta.boot_epoch = parser.be64();
  meta.signing_seed = parser.take(parser.varint());
  meta.host_fingerprint = parser.take(parser.varint());
  if (!parser.complete()) return false;
  meta.node_id = *node;
  meta.own_actor = *actor;
  return true;
}

base::Bytes clock_row(const Meta& meta) {
  base::Bytes out;
  base::append_be64(out, static_cast<std::uint64_t>(meta.clock.nanos));
  base::append_be32(out, meta.clock.counter);
  base::append_be64(out, static_cast<std::uint64_t>(meta.next_position));
  base::append_be64(out, static_cast<std::uint64_t>(meta.lost_position));
  return out;
}

bool parse_clock(base::BytesView row, Meta& meta) {
  RowParser parser(row);
  meta.clock.nanos = static_cast<std::int64_t>(parser.be64());
  meta.clock.counter = parser.be32();
  meta.next_position = static_cast<std::int64_t>(parser.be64());
  meta.lost_position = static_cast<std::int64_t>(parser.be64());
  return parser.complete();
}

base::Bytes repair_row(const Repair& repair) {
  base::Bytes out;
  out.push_back(static_cast<char>(repair.stage));
  out.append(repair.actor.view());
  base::append_be64(out, repair.common);
  return out;
}

bool parse_repair(base::BytesView row, Repair& repair) {
  RowParser parser(row);
  const int stage = parser.byte();
  const auto actor = base::ActorId::from(parser.take(base::ActorId::kSize));
  repair.common = parser.be64();
  if (!parser.complete() || stage < 1 || stage > 5) return false;
  repair.stage = static_cast<Repair::Stage>(stage);
  repair.actor = *actor;
  return true;
}

base::Bytes compaction_row(const Compaction& compaction) {
  base::Bytes out;
  out.push_back(compaction.automatic ? 1 : 0);
  base::append_be32(out, compaction.every);
  return out;
}

bool parse_compaction(base::BytesView row, Compaction& compaction) {
  RowParser parser(row);
  const int automatic = parser.byte();
  compaction.every = parser.be32();
  compaction.automatic = automatic == 1;
  return parser.complete() && (automatic == 0 || automatic == 1) && compaction.every > 0;
}

}  // namespace

MetaTable::MetaTable(Database& database)
    : database_(database),
      select_(database, "SELECT v, sum FROM meta WHERE k=?1"),
      upsert_(database,
              "INSERT INTO meta(k, v, sum) VALUES(?1, ?2, ?3) "
              "ON CONFLICT(k) DO UPDATE SET v=excluded.v, sum=excluded.sum"),
      erase_(database, "DELETE FROM meta WHERE k=?1") {}

base::Status MetaTable::create() {
  const Meta fresh;
  RETURN_IF_ERROR(put(kIdentity, identity_row(fresh)));
  RETURN_IF_ERROR(put(kClock, clock_row(fresh)));
  RETURN_IF_ERROR(write(CellTotals{}));
  return write(LogTotals{});
}

base::Result<Meta> MetaTable::load() {
  Meta meta;
  ASSIGN_OR_RETURN(const base::Bytes identity, get(kIdentity));
  if (!parse_identity(identity, meta)) return corrupt_row(database_, "meta", kIdentity);
  ASSIGN_OR_RETURN(const base::Bytes clock, get(kClock));
  if (!parse_clock(clock, meta)) return corrupt_row(database_, "meta", kClock);
  ASSIGN_OR_RETURN(const auto repair, find(kRepair));
  if (repair && !parse_repair(*repair, meta.repair)) {
    return corrupt_row(database_, "meta", kRepair);
  }
  ASSIGN_OR_RETURN(const auto compaction, find(kCompaction));
  if (compaction && !parse_compaction(*compaction, meta.compaction.emplace())) {
    return corrupt_row(database_, "meta", kCompaction);
  }
  ASSIGN_OR_RETURN(const auto heard, find(kHeard));
  if (heard) {
    RowParser parser(*heard);
    meta.heard = static_cast<std::int64_t>(parser.be64());
    if (!parser.complete()) return corrupt_row(database_, "meta", kHeard);
  }
  ASSIGN_OR_RETURN(const auto reserved, find(kReserved));
  if (reserved) {
    RowParser parser(*reserved);
    meta.reserved_position = static_cast<std::int64_t>(parser.be64());
    if (!parser.complete()) return corrupt_row(database_, "meta", kReserved);
  }
  ASSIGN_OR_RETURN(const CellTotals totals, cell_totals());
  meta.digest = totals.digest;
  return meta;
}

base::Result<CellTotals> MetaTable::cell_totals() {
  ASSIGN_OR_RETURN(const base::Bytes row, get(kCellTotals));
  RowParser parser(row);
  CellTotals totals;
  totals.objects = static_cast<std::int64_t>(parser.be64());
  totals.cells = static_cast<std::int64_t>(parser.be64());
  totals.digest.high = parser.be64();
  totals.digest.low = parser.be64();
  if (!parser.complete()) return corrupt_row(database_, "meta", kCellTotals);
  return totals;
}

base::Result<LogTotals> MetaTable::log_totals() {
  ASSIGN_OR_RETURN(const base::Bytes row, get(kLogTotals));
  RowParser parser(row);
  LogTotals totals;
  totals.changes = parser.be64();
  totals.bytes = parser.be64();
  if (!parser.complete()) return corrupt_row(database_, "meta", kLogTotals);
  return totals;
}

base::Result<TextTotals> MetaTable::text_totals() {
  TextTotals totals;
  ASSIGN_OR_RETURN(const auto row, find(kTextTotals));
  if (!row) return totals;
  RowParser parser(*row);
  totals.texts = parser.be64();
  totals.waiting = parser.be64();
  totals.waiting_changes = parser.be64();
  if (!parser.complete()) return corrupt_row(database_, "meta", kTextTotals);
  return totals;
}

base::Result<CellFold> MetaTable::cell_fold() {
  CellFold fold;
  ASSIGN_OR_RETURN(const auto row, find(kCellFold));
  if (!row) return fold;
  RowParser parser(*row);
  fold.upto = static_cast<std::int64_t>(parser.be64());
  fold.lane = parser.byte();
  if (!parser.ok()) return corrupt_row(database_, "meta", kCellFold);
  fold.name = parser.rest();
  return fold;
}

base::Status MetaTable::write(const Meta& meta, const Meta& stored) {
  const base::Bytes identity = identity_row(meta);
  if (identity != identity_row(stored)) RETURN_IF_ERROR(put(kIdentity, identity));
  const base::Bytes clock = clock_row(meta);
  if (clock != clock_row(stored)) RETURN_IF_ERROR(put(kClock, clock));
  if (meta.compaction != stored.compaction) {
    RETURN_IF_ERROR(meta.compaction ? put(kCompaction, compaction_row(*meta.compaction))
                                    : erase(kCompaction));
  }
  if (meta.heard != stored.heard) {
    base::Bytes row;
    base::append_be64(row, static_cast<std::uint64_t>(meta.heard));
    RETURN_IF_ERROR(put(kHeard, row));
  }
  if (meta.reserved_position != stored.reserved_position) {
    base::Bytes row;
    base::append_be64(row, static_cast<std::uint64_t>(meta.reserved_position));
    RETURN_IF_ERROR(put(kReserved, row));
  }
  if (meta.repair == stored.repair) return {};
  if (meta.repair.stage == Repair::Stage::kNone) return erase(kRepair);
  return put(kRepair, repair_row(meta.repair));
}

base::Status MetaTable::write(const CellTotals& totals) {
  base::Bytes row;
  base::append_be64(row, static_cast<std::uint64_t>(totals.objects));
  base::append_be64(row, static_cast<std::uint64_t>(totals.cells));
  base::append_be64(row, totals.digest.high);
  base::append_be64(row, totals.digest.low);
  return put(kCellTotals, row);
}

base::Status MetaTable::write(const LogTotals& totals) {
  base::Bytes row;
  base::append_be64(row, totals.changes);
  base::append_be64(row, totals.bytes);
  return put(kLogTotals, row);
}

base::Status MetaTable::write(const TextTotals& totals) {
  base::Bytes row;
  base::append_be64(row, totals.texts);
  base::append_be64(row, totals.waiting);
  base::append_be64(row, totals.waiting_changes);
  return put(kTextTotals, row);
}

base::Status MetaTable::write(const CellFold& fold) {
  if (fold.upto == 0) return erase(kCellFold);
  base::Bytes row;
  base::append_be64(row, static_cast<std::uint64_t>(fold.upto));
  row.push_back(static_cast<char>(fold.lane));
  row.append(fold.name);
  return put(kCellFold, row);
}

base::Result<base::Bytes> MetaTable::get(std::int64_t key) {
  ASSIGN_OR_RETURN(auto value, find(key));
  if (!value) return corrupt_row(database_, "meta", key);
  return std::move(*value);
}

base::Result<std::optional<base::Bytes>> MetaTable::find(std::int64_t key) {
  ASSIGN_OR_RETURN(Loan select, select_.use());
  select->bind(1, key);
  ASSIGN_OR_RETURN(bool row, select->step());
  if (!row) return std::optional<base::Bytes>();
  base::Bytes value(select->blob(0));
  if (!is_sound(key, value, select->integer(1))) {
    return corrupt_row(database_, "meta", key);
  }
  return std::optional<base::Bytes>(std::move(value));
}

base::Status MetaTable::put(std::int64_t key, base::BytesView value) {
  ASSIGN_OR_RETURN(Loan upsert, upsert_.use());
  upsert->bind(1, key).bind_blob(2, value).bind(3, meta_checksum(key, value));
  return upsert->run();
}

base::Status MetaTable::erase(std::int64_t key) {
  ASSIGN_OR_RETURN(Loan erase, erase_.use());
  erase->bind(1, key);
  return erase->run();
}

bool MetaTable::is_sound(std::int64_t key, base::BytesView value, std::int64_t sum) {
  return meta_checksum(key, value) == sum;
}

}  // namespace store
