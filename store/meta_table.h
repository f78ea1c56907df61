#pragma once

// The table of single-row facts. Four rows, grouped by how often they change; each is written only
// when it did.

#include <cstdint>

#include "crdt/digest.h"
#include "store/database.h"
#include "store/meta.h"

namespace store {

struct CellTotals {
  std::int64_t objects = 0;
  std::int64_t cells = 0;
  crdt::Digest digest;
  bool operator==(const CellTotals&) const = default;
};

struct LogTotals {
  std::uint64_t changes = 0;
  std::uint64_t bytes = 0;
  bool operator==(const LogTotals&) const = default;
};

class MetaTable {
 public:
  explicit MetaTable(Database& database);

  base::Status create();      // the rows of a new database
  base::Result<Meta> load();  // `digest` comes from the totals of the cells
  base::Result<CellTotals> cell_totals();
  base::Result<LogTotals> log_totals();

  base::Status write(const Meta& meta, const Meta& stored);
  base::Status write(const CellTotals& totals);
  base::Status write(const LogTotals& totals);

 private:
  base::Result<base::Bytes> get(std::int64_t key);
  base::Status put(std::int64_t key, const base::Bytes& value);

  Database& database_;
  Query select_;
  Query upsert_;
};

}  // namespace store
