#include "store/cell_writer.h"

#include <algorithm>

namespace store {

base::Status CellWriter::load() {
  fresh_ = {};
  ASSIGN_OR_RETURN(const std::int64_t last, rows_.last_name());
  next_name_ = std::max(next_name_, last + 1);
  return {};
}

base::Result<std::int64_t> CellWriter::insert(CellKey key, base::BytesView cells) {
  ASSIGN_OR_RETURN(const std::int64_t name, name_for(key.name));
  const std::int64_t id = CellRows::row_id(name, key.lane);
  RETURN_IF_ERROR(rows_.insert(id, cells));
  if (fresh_.name == name) fresh_.lanes.set(key.lane);
  return id;
}

base::Result<std::int64_t> CellWriter::update(CellKey key, base::BytesView cells) {
  ASSIGN_OR_RETURN(const std::int64_t name, names_.find(key.name));
  const std::int64_t id = CellRows::row_id(name, key.lane);
  RETURN_IF_ERROR(rows_.update(id, cells));
  return id;
}

base::Status CellWriter::put(CellKey key, base::BytesView cells) {
  ASSIGN_OR_RETURN(const std::int64_t name, names_.find(key.name));
  if (name != 0 && !is_fresh(name, key.lane)) {
    const std::int64_t id = CellRows::row_id(name, key.lane);
    ASSIGN_OR_RETURN(const bool updated, rows_.update_if_there(id, cells));
    if (updated) return {};
  }
  const auto inserted = insert(key, cells);
  return inserted.ok() ? base::Status() : inserted.error();
}

base::Status CellWriter::erase(CellKey key) {
  ASSIGN_OR_RETURN(const std::int64_t name, names_.find(key.name));
  RETURN_IF_ERROR(rows_.erase(CellRows::row_id(name, key.lane)));
  return drop_unused(key, name);
}

base::Status CellWriter::erase_if_there(CellKey key) {
  ASSIGN_OR_RETURN(const std::int64_t name, names_.find(key.name));
  if (name == 0) return {};
  ASSIGN_OR_RETURN(const bool erased, rows_.erase_if_there(CellRows::row_id(name, key.lane)));
  return erased ? drop_unused(key, name) : base::Status();
}

base::Result<std::int64_t> CellWriter::name_for(base::BytesView key) {
  ASSIGN_OR_RETURN(const std::int64_t known, names_.find(key));
  if (known != 0) return known;
  const std::int64_t added = next_name_++;
  RETURN_IF_ERROR(names_.insert(key, added));
  fresh_ = {};
  fresh_.name = added;
  return added;
}

base::Status CellWriter::drop_unused(CellKey key, std::int64_t name) {
  ASSIGN_OR_RETURN(const bool used, rows_.any_of(name));
  if (used) return {};
  if (fresh_.name == name) fresh_ = {};
  return names_.erase(key.name);
}

}  // namespace store
