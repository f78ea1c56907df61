#include "store/objects.h"

#include <algorithm>
#include <utility>

#include "store/row.h"

namespace store {
namespace {

std::int64_t checksum(const ObjectInfo& info) {
  RowChecksum sum('o');
  sum.number(info.index).bytes(info.name);
  return sum.number(static_cast<std::int64_t>(info.type)).value();
}

// The part of an object that changes often: a row of `meta`.
base::Bytes totals_row(const ObjectInfo& info) {
  base::Bytes row;
  base::append_be64(row, static_cast<std::uint64_t>(info.cells));
  row += info.digest.bytes();
  return row;
}

bool parse_totals(base::BytesView row, ObjectInfo& info) {
  RowParser parser(row);
  info.cells = static_cast<std::int64_t>(parser.be64());
  info.digest.high = parser.be64();
  info.digest.low = parser.be64();
  return parser.complete();
}

// The key is MetaTable::kObjects (1 << 32) plus the index.
const std::string kSelect =
    "SELECT o.idx, o.name, o.type, o.sum, m.v, m.sum FROM objects o "
    "LEFT JOIN meta m ON m.k = o.idx + (1 << 32) WHERE ";
const std::string kSelectByKey = kSelect + "o.name=?1 AND o.type=?2";
const std::string kSelectNamed = kSelect + "o.name=?1 ORDER BY o.type";
const std::string kSelectFrom =
    kSelect + "(o.name, o.type)>=(?1, ?2) ORDER BY o.name, o.type LIMIT ?3";

}  // namespace

crdt::ObjectKey key_above(const crdt::ObjectKey& key) {
  const auto type = static_cast<std::uint8_t>(key.second);
  if (type == 0xff) return key_above(key.first);
  return {key.first, static_cast<crdt::SlotType>(type + 1)};
}

crdt::ObjectKey key_above(std::string_view name) {
  return {std::string(name) + '\0', crdt::SlotType()};
}

Objects::Objects(Database& database, HasCells has_cells)
    : database_(database),
      has_cells_(std::move(has_cells)),
      meta_(database),
      select_(database, kSelectByKey),
      any_named_(database, "SELECT 1 FROM objects WHERE name=?1 LIMIT 1"),
      select_named_(database, kSelectNamed),
      select_from_(database, kSelectFrom),
      last_index_(database, "SELECT max(idx) FROM objects"),
      insert_(database, "INSERT INTO objects(idx, name, type, sum) VALUES(?1, ?2, ?3, ?4)"),
      erase_(database, "DELETE FROM objects WHERE idx=?1") {}

base::Status Objects::load(std::int64_t used) {
  cache_.clear();
  absent_.reset();
  dirty_.clear();
  touched_ = false;
  ASSIGN_OR_RETURN(totals_, meta_.cell_totals());
  stored_totals_ = totals_;
  ASSIGN_OR_RETURN(const std::int64_t last, last_index_.number());
  next_index_ = std::max({next_index_, last + 1, used + 1});
  return {};
}

base::Result<const ObjectInfo*> Objects::find(std::string_view name, crdt::SlotType type) {
  ASSIGN_OR_RETURN(const Cached* cached, lookup(name, type));
  return cached ? &cached->info : nullptr;
}

base::Result<std::vector<ObjectInfo>> Objects::named(std::string_view name) {
  std::vector<ObjectInfo> found;
  if (absent_ == name) return found;
  if (is_dirty(name)) RETURN_IF_ERROR(flush());
  ASSIGN_OR_RETURN(Loan select, select_named_.use());
  select->bind_blob(1, name);
  for (;;) {
    ASSIGN_OR_RETURN(bool row, select->step());
    if (!row) return found;
    ASSIGN_OR_RETURN(ObjectInfo info, parse(select));
    found.push_back(std::move(info));
  }
}

base::Result<std::vector<ObjectInfo>> Objects::from(const crdt::ObjectKey& first,
                                                    std::size_t limit) {
  if (!dirty_.empty()) RETURN_IF_ERROR(flush());
  std::vector<ObjectInfo> found;
  ASSIGN_OR_RETURN(Loan select, select_from_.use());
  select->bind_blob(1, first.first).bind(2, static_cast<std::int64_t>(first.second));
  select->bind(3, static_cast<std::int64_t>(limit));
  for (;;) {
    ASSIGN_OR_RETURN(bool row, select->step());
    if (!row) return found;
    ASSIGN_OR_RETURN(ObjectInfo info, parse(select));
    found.push_back(std::move(info));
  }
}

base::Result<const ObjectInfo*> Objects::intern(std::string_view name, crdt::SlotType type) {
  ASSIGN_OR_RETURN(const Cached* cached, lookup_or_add(name, type));
  return &cached->info;
}

base::Status Objects::account(std::string_view name, crdt::SlotType type, std::int64_t cells,
                              const crdt::Digest& before, const crdt::Digest& after) {
  if (cells == 0 && before == after) return {};
  ASSIGN_OR_RETURN(Cached * cached, lookup_or_add(name, type));
  cached->info.cells += cells;
  cached->info.digest.add(after);
  cached->info.digest.subtract(before);
  totals_.cells += cells;
  totals_.digest.add(after);
  totals_.digest.subtract(before);
  if (!std::exchange(cached->dirty, true)) dirty_.emplace(name, type);
  touched_ = true;
  return {};
}

base::Status Objects::flush() {
  for (const Key& key : dirty_) {
    Cached& cached = cache_.find(KeyView(key))->second;
    cached.dirty = false;
    if (cached.info.cells > 0) {
      if (!cached.stored) {
        RETURN_IF_ERROR(insert(cached.info));
        ++totals_.objects;
        cached.stored = true;
      }
      const std::int64_t key_of_totals = MetaTable::kObjects + cached.info.index;
      RETURN_IF_ERROR(meta_.put(key_of_totals, totals_row(cached.info)));
      continue;
    }
    RETURN_IF_ERROR(erase(cached.info));
    if (cached.stored) --totals_.objects;
    cache_.erase(key);
  }
  dirty_.clear();
  if (totals_ == stored_totals_) return {};
  RETURN_IF_ERROR(meta_.write(totals_));
  stored_totals_ = totals_;
  return {};
}

base::Result<Objects::Cached*> Objects::lookup(std::string_view name, crdt::SlotType type) {
  if (absent_ == name) return nullptr;
  const auto known = cache_.find(KeyView(name, type));
  if (known != cache_.end()) return &known->second;
  ASSIGN_OR_RETURN(Loan select, select_.use());
  select->bind_blob(1, name).bind(2, static_cast<std::int64_t>(type));
  ASSIGN_OR_RETURN(bool row, select->step());
  if (!row) return note_absent(name);
  ASSIGN_OR_RETURN(ObjectInfo info, parse(select));
  if (cache_.size() >= kCachedMax && dirty_.empty()) cache_.clear();
  return &cache_.insert_or_assign(Key(name, type), Cached{std::move(info), true}).first->second;
}

bool Objects::is_dirty(std::string_view name) const {
  const auto first = dirty_.lower_bound(Key(name, crdt::SlotType()));
  return first != dirty_.end() && first->first == name;
}

// There is no object of one type under this name. Always null.
base::Result<Objects::Cached*> Objects::note_absent(std::string_view name) {
  const auto cached = cache_.lower_bound(KeyView(name, crdt::SlotType()));
  if (cached != cache_.end() && cached->first.first == name) return nullptr;
  ASSIGN_OR_RETURN(Loan any, any_named_.use());
  any->bind_blob(1, name);
  ASSIGN_OR_RETURN(const bool row, any->step());
  if (!row) absent_ = name;
  return nullptr;
}

base::Result<Objects::Cached*> Objects::lookup_or_add(std::string_view name, crdt::SlotType type) {
  ASSIGN_OR_RETURN(Cached * known, lookup(name, type));
  if (known) return known;
  if (absent_ == name) absent_.reset();
  Cached added;
  added.info.index = next_index_++;
  added.info.name = name;
  added.info.type = type;
  added.dirty = true;
  touched_ = true;
  dirty_.emplace(name, type);
  return &cache_.insert_or_assign(Key(name, type), std::move(added)).first->second;
}

base::Result<ObjectInfo> Objects::parse(const Loan& row) const {
  ObjectInfo info;
  info.index = row->integer(0);
  info.name = row->blob(1);
  info.type = static_cast<crdt::SlotType>(row->integer(2));
  if (row->integer(3) != checksum(info)) {
    return corrupt_row(database_, "objects", info.index);
  }
  const std::int64_t key = MetaTable::kObjects + info.index;
  const bool sound = !row->is_null(4) && MetaTable::is_sound(key, row->blob(4), row->integer(5));
  if (!sound || !parse_totals(row->blob(4), info)) {
    return corrupt_row(database_, "meta", key);
  }
  return info;
}

base::Status Objects::insert(const ObjectInfo& info) {
  ASSIGN_OR_RETURN(Loan insert, insert_.use());
  insert->bind(1, info.index).bind_blob(2, info.name);
  insert->bind(3, static_cast<std::int64_t>(info.type)).bind(4, checksum(info));
  return insert->run();
}

base::Status Objects::erase(const ObjectInfo& info) {
  {
    ASSIGN_OR_RETURN(const bool left, has_cells_(info.index));
    if (left || info.cells != 0 || !info.digest.is_zero()) {
      return database_.corrupt("object " + info.name + " counts " + std::to_string(info.cells) +
                               " cells, but its rows or digest differ");
    }
  }
  {
    ASSIGN_OR_RETURN(Loan erase, erase_.use());
    erase->bind(1, info.index);
    RETURN_IF_ERROR(erase->run());
  }
  return meta_.erase(MetaTable::kObjects + info.index);
}

}  // namespace store
