#pragma once

// The table `recent`: for each commit that changed cells a row with the new cells of these slots,
// until they stand in `names` and `cells` (docs/storage.md).

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "store/database.h"
#include "store/memtable.h"
#include "store/memtable_version.h"

namespace store {

// The slots that the open transaction has changed: their packed cells; nullopt: no cells.
struct KeptCellKey {
  base::Bytes name;
  std::uint8_t lane = 0;
  operator CellKey() const { return {name, lane}; }
};
struct CellKeyLess {
  using is_transparent = void;
  bool operator()(const CellKey& a, const CellKey& b) const { return a < b; }
};
using PendingSlots = std::map<KeptCellKey, std::optional<base::Bytes>, CellKeyLess>;

class MemtableRows {
 public:
  explicit MemtableRows(Database& database);

  base::Result<RecentName> name();  // of the rows of this snapshot
  // Inserts each row into the table for its position. kCorrupt if one is bad or missing between two
  // others.
  using TableFor = std::function<Memtable&(std::int64_t position)>;
  base::Status read(const TableFor& table_for);

  // Inside a transaction. Returns the sum of the row. `before`: the sum of the row before it.
  base::Result<std::uint64_t> append(std::int64_t position, std::uint64_t before,
                                     const PendingSlots& slots);
  // Deletes the oldest rows up to `last`: at least one, then as long as they have less than
  // `bytes_max` together. Returns the first position that is left; 0: none.
  base::Result<std::int64_t> trim(std::int64_t last, std::size_t bytes_max);

  static bool is_sound(std::int64_t position, std::int64_t before, base::BytesView row,
                       std::int64_t sum);

 private:
  Database& database_;
  Query name_;
  Query all_;
  Query sizes_;
  Query insert_;
  Query erase_;
};

}  // namespace store
