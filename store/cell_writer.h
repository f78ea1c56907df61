#pragma once

// Writes slots into `names` and `cells`, by key. Inside a transaction.

#include <bitset>
#include <cstdint>

#include "store/cell_rows.h"
#include "store/memtable.h"
#include "store/names.h"

namespace store {

class CellWriter {
 public:
  CellWriter(Names& names, CellRows& rows) : names_(names), rows_(rows) {}
  base::Status load();  // the next id

  // The slot has no row. Returns its id.
  base::Result<std::int64_t> insert(CellKey key, base::BytesView cells);
  // The slot has a row. kCorrupt if it has none. Returns its id.
  base::Result<std::int64_t> update(CellKey key, base::BytesView cells);
  base::Status erase(CellKey key);
  // For a caller that does not know whether the slot has a row.
  base::Status put(CellKey key, base::BytesView cells);
  base::Status erase_if_there(CellKey key);
  void committed() { fresh_ = {}; }

  // True if the name was made in this transaction and this slot of it was not written.
  bool is_fresh(std::int64_t name, int lane) const {
    return fresh_.name == name && !fresh_.lanes[static_cast<std::size_t>(lane)];
  }

 private:
  base::Result<std::int64_t> name_for(base::BytesView key);
  base::Status drop_unused(CellKey key, std::int64_t name);

  // A name that was made in this transaction. Its slots that were not written since have no row.
  // After the commit a name is no longer new. Forgetting it earlier costs one look-up.
  struct Fresh {
    std::int64_t name = 0;
    std::bitset<256> lanes;
  };

  Names& names_;
  CellRows& rows_;
  Fresh fresh_;
  std::int64_t next_name_ = 1;
};

}  // namespace store
