#pragma once

// SQLite on the simulator's disk, one statement at a time.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdint>
#include <string>

#include "tools/simulator/disk.h"

namespace simulation::testing {

// One connection. Runs SQL and returns the last column of the last row, or the error.
class Connection {
 public:
  explicit Connection(const Disk& disk, const std::string& name = "a.db") {
    code_ = sqlite3_open_v2(name.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                            disk.vfs().c_str());
    sqlite3_extended_result_codes(handle_, 1);
  }
  ~Connection() { sqlite3_close_v2(handle_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int run(const std::string& sql) {
    text_.clear();
    auto keep = [](void* self, int count, char** values, char**) {
      const char* last = values[count - 1];
      static_cast<Connection*>(self)->text_ = last ? last : "null";
      return 0;
    };
    return code_ = sqlite3_exec(handle_, sql.c_str(), keep, this, nullptr);
  }
  std::string ask(const std::string& sql) {
    if (run(sql) != SQLITE_OK) return sqlite3_errmsg(handle_);
    return text_;
  }
  int code() const { return code_; }
  sqlite3* handle() { return handle_; }

 private:
  sqlite3* handle_ = nullptr;
  int code_ = 0;
  std::string text_;
};

inline constexpr const char* kWal = "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;";

inline base::Random random(std::uint64_t seed) { return base::Random::from_number(seed); }

// Makes a write-ahead log with `rows` rows, of which the last `unsynced` were committed with
// NORMAL. The first row is in the database itself.
inline void fill(Connection& db, int rows, int unsynced) {
  ASSERT_EQ(db.run(kWal), SQLITE_OK);
  ASSERT_EQ(db.run("PRAGMA synchronous=FULL; CREATE TABLE t(x INTEGER PRIMARY KEY, b BLOB);"
                   "PRAGMA wal_checkpoint"),
            SQLITE_OK);
  for (int row = 1; row <= rows; ++row) {
    if (row == rows - unsynced + 1) db.run("PRAGMA synchronous=NORMAL");
    ASSERT_EQ(db.run("INSERT INTO t VALUES(NULL, zeroblob(3000))"), SQLITE_OK);
  }
}

inline std::string rows_in(const Disk& disk) {
  return Connection(disk).ask("SELECT count(*) FROM t");
}

}  // namespace simulation::testing
