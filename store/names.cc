#include "store/names.h"

#include <algorithm>

#include "store/entry_key.h"
#include "store/row.h"

namespace store {
namespace {

std::int64_t checksum(base::BytesView key, std::int64_t id) {
  return RowChecksum('n').bytes(key).number(id).value();
}

}  // namespace

Names::Names(Database& database)
    : database_(database),
      select_(database, "SELECT id, sum FROM names WHERE k=?1"),
      range_(database, "SELECT k, id, sum FROM names WHERE k>=?1 AND k<?2 ORDER BY k LIMIT ?3"),
      insert_(database, "INSERT INTO names(k, id, sum) VALUES(?1, ?2, ?3)"),
      erase_(database, "DELETE FROM names WHERE k=?1"),
      last_(database, "SELECT k FROM names ORDER BY k DESC LIMIT 1") {}

void Names::forget() { last_key_.clear(); }

base::Result<std::int64_t> Names::find(base::BytesView key) {
  if (key == last_key_) return last_id_;
  ASSIGN_OR_RETURN(Loan select, select_.use());
  select->bind_blob(1, key);
  ASSIGN_OR_RETURN(bool row, select->step());
  std::int64_t id = 0;
  if (row) {
    id = select->integer(0);
    if (id <= 0 || select->integer(1) != checksum(key, id)) {
      return corrupt_row(database_, "names", base::to_hex(key));
    }
  }
  last_key_ = key;
  last_id_ = id;
  return id;
}

base::Status Names::insert(base::BytesView key, std::int64_t id) {
  ASSIGN_OR_RETURN(Loan insert, insert_.use());
  insert->bind_blob(1, key).bind(2, id).bind(3, checksum(key, id));
  RETURN_IF_ERROR(insert->run());
  last_key_ = key;
  last_id_ = id;
  return {};
}

base::Status Names::erase(base::BytesView key) {
  ASSIGN_OR_RETURN(Loan erase, erase_.use());
  erase->bind_blob(1, key);
  RETURN_IF_ERROR(erase->run());
  last_key_ = key;
  last_id_ = 0;
  return {};
}

base::Result<std::vector<NameRow>> Names::range(base::BytesView from, base::BytesView bound,
                                                std::size_t limit) {
  std::vector<NameRow> rows;
  ASSIGN_OR_RETURN(Loan range, range_.use());
  range->bind_blob(1, from).bind_blob(2, bound).bind(3, static_cast<std::int64_t>(limit));
  for (;;) {
    ASSIGN_OR_RETURN(bool row, range->step());
    if (!row) return rows;
    const base::BytesView key = range->blob(0);
    const std::int64_t id = range->integer(1);
    if (id <= 0 || range->integer(2) != checksum(key, id)) {
      return corrupt_row(database_, "names", base::to_hex(key));
    }
    rows.push_back({base::Bytes(key), id});
  }
}

base::Result<std::int64_t> Names::last_object() {
  ASSIGN_OR_RETURN(Loan last, last_.use());
  ASSIGN_OR_RETURN(const bool row, last->step());
  if (!row) return 0;
  return object_of(last->blob(0));
}

base::Result<const NameRow*> NameWalk::next() {
  if (at_ == batch_.size()) {
    if (ended_) return nullptr;
    ASSIGN_OR_RETURN(batch_, names_.range(from_, bound_, batch_size_));
    at_ = 0;
    ended_ = batch_.size() < batch_size_;
    if (batch_.empty()) return nullptr;
    from_ = batch_.back().key + '\0';  // the smallest key above it
    batch_size_ = std::min(batch_size_ * 4, kBatchMax);
  }
  return &batch_[at_++];
}

void NameWalk::skip_to(base::BytesView key) {
  while (at_ < batch_.size() && batch_[at_].key < key) ++at_;
  if (at_ == batch_.size() && from_ < key) from_ = key;
}

}  // namespace store
