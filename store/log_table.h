#pragma once

// The tables `log` and `log_index`. A large change is kept compressed (store/packed_change.h), and
// what a cursor gives is the sealed change again. The index is sparse. An actor has an index row at
// its first change, at every kIndexSeqs-th number, and when its last index row is kIndexPositions
// back. So a scan for the first change that a peer lacks starts at most kIndexPositions rows before
// it.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "crdt/change.h"
#include "store/database.h"
#include "store/packed_change.h"

namespace store {

struct LogRow {
  std::int64_t position = 0;
  std::int64_t actor = 0;
  std::uint64_t seq = 0;
};

class LogTable {
 public:
  static constexpr std::uint64_t kIndexSeqs = 64;
  static constexpr std::int64_t kIndexPositions = 16'384;

  explicit LogTable(Database& database);
  void forget();

  // Returns the bytes that the change takes in its row.
  base::Result<std::size_t> append(const LogRow& row, base::BytesView change);
  bool damaged() const { return damaged_; }
  void note_damage() { damaged_ = true; }
  // Drops the index rows that fail their checksums.
  base::Result<std::uint64_t> mend_index();
  base::Status erase(std::int64_t position);
  base::Status erase_index(std::int64_t actor, std::uint64_t seq);  // rows up to `seq`
  base::Result<std::int64_t> oldest();                              // 0 when empty
  // Where to start looking for a change: at or before its position. 0 when the index has no row for
  // it, or when its row is damaged; then the search is longer, and damaged() is true.
  base::Result<std::int64_t> start_of(std::int64_t actor, std::uint64_t seq);

  // Moves forward from a position. The columns are read before the change, so skipping rows is
  // cheap; change() reads the change and verifies the row. One cursor at a time.
  class Cursor {
   public:
    base::Result<std::optional<LogRow>> next();
    // The sealed change; valid until the next call of a function of this cursor.
    base::Result<base::BytesView> change(const LogRow& row);
    std::size_t stored_bytes() const;  // what the change takes in its row, also if that is damaged
    bool sound(const LogRow& row) { return read(row).has_value(); }

   private:
    friend class LogTable;
    Cursor(const Database& database, ChangePacker& packer, Loan select)
        : database_(&database), packer_(&packer), select_(std::move(select)) {}
    std::optional<base::BytesView> read(const LogRow& row);
    const Database* database_;
    ChangePacker* packer_;
    Loan select_;
    base::Bytes unpacked_;
  };
  base::Result<Cursor> from(std::int64_t position);

 private:
  base::Status index(const LogRow& row);
  base::Result<std::int64_t> last_indexed(std::int64_t actor);

  Database& database_;
  ChangePacker packer_;
  Query insert_;
  Query erase_;
  Query oldest_;
  Query from_;
  Query insert_index_;
  Query erase_index_;
  Query start_;
  Query all_of_index_;
  Query erase_one_of_index_;
  bool damaged_ = false;
  std::map<std::int64_t, std::int64_t> last_indexed_;  // actor → position of its last index row
};

}  // namespace store
