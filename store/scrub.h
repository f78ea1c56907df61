#pragma once

// Reads every row of every table, a slice at a time, and compares its checksum (rule 13): what no
// reader has touched for months is found before its last good copy elsewhere is gone.

#include <cstddef>
#include <cstdint>

#include "store/database.h"

namespace store {

class Scrub {
 public:
  explicit Scrub(Database& database) : database_(database) {}

  struct Step {
    std::size_t rows = 0;
    bool finished = false;  // with the last row of the last table; the next step starts anew
  };
  // Goes on where the last step ended, for about that many rows or bytes. kCorrupt names the bad
  // row; the next step goes on behind it. A page that the medium does not give is read again by the
  // next steps, and is kCorrupt when ten in a row have failed. What follows goes on with the next
  // table.
  base::Result<Step> step(std::size_t rows_max, std::size_t bytes_max);
  // What the bad row of the last step costs.
  enum class Bad {
    kState,   // what is shown or claimed: the whole state has to be fetched again
    kLog,     // the log or its index: ChangeLog::mend
    kAside,   // a proof, or a change that waits: that row alone, drop_row()
    kStaged,  // a page of a state join: whoever merges it looks for himself
  };
  Bad bad() const { return bad_; }
  base::Status drop_row();  // of kAside, inside a transaction

 private:
  struct Table;
  static const Table kTables[];
  base::Error stopped(base::Error error);
  void next_table();

  Database& database_;
  std::size_t table_ = 0;
  Bad bad_ = Bad::kState;
  int unread_ = 0;      // steps in a row that met a page they could not read
  bool begun_ = false;  // the place below is behind the first row of this table
  std::int64_t first_ = 0;
  std::int64_t second_ = 0;
  base::Bytes key_;
};

}  // namespace store
