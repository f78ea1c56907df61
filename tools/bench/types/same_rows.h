#pragma once

// The floor of writes through a replica: plain SQLite that inserts the rows which the replica has
// just committed, byte by byte, into the same tables, under the same settings, with prepared
// statements and one synced commit. So it pays for every row, checksum and index that the replica
// needs on the medium in the end, and for nothing else: not for the rows of `recent`.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "crdt/base/result.h"
#include "store/database.h"
#include "tools/bench/clock.h"

namespace bench {

// Time, and of it that of the processor.
struct Spent {
  double seconds = 0;
  double processor = 0;
  void add(const Spent& more);
};
class Stopwatch {
 public:
  Spent spent() const;

 private:
  std::int64_t start_ = monotonic_nanos();
  std::int64_t processor_start_ = processor_nanos();
};

class SameRows {
 public:
  // `replica` is the file of an open replica that has written nothing yet.
  static base::Result<std::unique_ptr<SameRows>> open(const std::string& replica,
                                                      const std::string& copy);
  ~SameRows();

  // Reads what was committed since the last call, then inserts it. Returns what the inserting took.
  // Only for replicas that insert rows and change rows of `meta`.
  base::Result<Spent> commit();
  std::size_t rows() const { return rows_; }  // that were written so far

 private:
  struct Table;
  struct Row {
    std::vector<std::int64_t> numbers;
    std::vector<base::Bytes> blobs;
    bool operator==(const Row&) const = default;
  };
  SameRows();
  base::Result<std::vector<Row>> changed(Table& table);
  base::Status insert(Table& table, const std::vector<Row>& rows);

  std::unique_ptr<store::Database> source_;
  std::unique_ptr<store::Database> target_;
  std::vector<Table> tables_;
  std::size_t rows_ = 0;
};

}  // namespace bench
