#pragma once

// The tables `log` and `log_index`. The index is sparse. An actor has an index row at its first
// change, at every kIndexSeqs-th number, and when its last index row is kIndexPositions back. So a
// scan for the first change that a peer lacks starts at most kIndexPositions rows before it.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "crdt/change.h"
#include "store/database.h"

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

  base::Status append(const LogRow& row, base::BytesView change);
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
    base::Result<base::BytesView> change(const LogRow& row) const;
    std::size_t change_bytes() const;  // the length of the change, also of a damaged row
    bool sound(const LogRow& row) const;

   private:
    friend class LogTable;
    Cursor(const Database& database, Loan select)
        : database_(&database), select_(std::move(select)) {}
    const Database* database_;
    Loan select_;
  };
  base::Result<Cursor> from(std::int64_t position);

 private:
  base::Status index(const LogRow& row);
  base::Result<std::int64_t> last_indexed(std::int64_t actor);

  Database& database_;
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
