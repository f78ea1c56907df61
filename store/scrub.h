#pragma once

// Reads every row of every table, a slice at a time, and compares its checksum (rule 13). So damage
// in a row that no reader has touched for months is found before its last good copy on other agents
// is gone.

#include <cstddef>
#include <cstdint>

#include "store/database.h"

namespace store {

class Scrub {
 public:
  explicit Scrub(Database& database) : database_(database) {}

  struct Step {
    std::size_t rows = 0;
    bool finished = false;  // the last row was read; the next step begins again
  };
  // Continues where the last step ended, for about that many rows or bytes. kCorrupt names the bad
  // row; the next step continues behind it. A page that cannot be read is tried again by the next
  // steps. After ten failures in a row it is kCorrupt, and the scrub continues with the next table.
  base::Result<Step> step(std::size_t rows_max, std::size_t bytes_max);
  // What the bad row of the last step belongs to.
  enum class Bad {
    kState,   // the state: it must be fetched again as a whole
    kLog,     // the log or its index: call ChangeLog::mend()
    kAside,   // a proof, or a change that waits: call drop_row()
    kStaged,  // a page of a state join: the merge checks it itself
  };
  Bad bad() const { return bad_; }
  base::Status drop_row();  // only for kAside, inside a transaction

 private:
  struct Table;
  static const Table kTables[];
  base::Error stopped(base::Error error);
  void next_table();

  Database& database_;
  std::size_t table_ = 0;
  Bad bad_ = Bad::kState;
  int unread_ = 0;      // steps in a row that could not read a page
  bool begun_ = false;  // the place below is in this table
  std::int64_t first_ = 0;
  std::int64_t second_ = 0;
  base::Bytes key_;
};

}  // namespace store
