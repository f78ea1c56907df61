#pragma once

// Rows that are changed behind the back of whoever has the database open, as a bad card would.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>

namespace store::sample {

// A byte of every row of cells becomes another one: their checksums no longer fit.
inline constexpr const char* kOtherByteInCells =
    "UPDATE cells SET v=CAST(substr(v,1,5)||x'07'||substr(v,7) AS BLOB)";

inline void change_rows(const std::string& file, const std::string& statement) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &handle), SQLITE_OK) << file;
  EXPECT_EQ(sqlite3_exec(handle, statement.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(handle);
  sqlite3_close(handle);
}

}  // namespace store::sample
