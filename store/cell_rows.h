#pragma once

// The table of cells. id = id of the name << 8 | lane; v = checksum and the packed live cells of
// the slot.

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "crdt/cell.h"
#include "store/actors.h"
#include "store/database.h"

namespace store {

class CellRows {
 public:
  CellRows(Database& database, Actors& actors);

  static std::int64_t row_id(std::int64_t name, int lane) { return name << 8 | lane; }

  base::Result<std::optional<crdt::Cells>> get(std::int64_t id);
  using Row = std::pair<int, crdt::Cells>;
  base::Result<std::vector<Row>> of_name(std::int64_t name);  // ordered by lane; never empty
  base::Result<bool> any_of(std::int64_t name);
  base::Result<std::int64_t> last_name();  // the highest id of a name in use, 0 when empty
  base::Result<std::int64_t> count();
  // Packed cells that come from elsewhere than a row.
  base::Result<crdt::Cells> unpack(base::BytesView packed);

  base::Status insert(std::int64_t id, base::BytesView packed);
  base::Status update(std::int64_t id, base::BytesView packed);  // kCorrupt if it is not there
  base::Status erase(std::int64_t id);
  base::Result<bool> update_if_there(std::int64_t id, base::BytesView packed);
  base::Result<bool> erase_if_there(std::int64_t id);

 private:
  base::Result<crdt::Cells> parse(std::int64_t id, base::BytesView row);

  Database& database_;
  Actors& actors_;
  Query select_;
  Query range_;
  Query any_;
  Query last_;
  Query count_;
  Query insert_;
  Query update_;
  Query erase_;
};

}  // namespace store
