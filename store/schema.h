#pragma once

// Tables, pragmas and the version of the file. docs/storage.md describes every table.

#include <cstdint>

#include "store/database.h"
#include "store/options.h"

namespace store {

inline constexpr std::int64_t kApplicationId = 0x48525359;  // "HRSY"
inline constexpr std::int64_t kSchemaVersion = 8;

base::Status configure_writer(Database& database, const Options& options);
base::Status configure_reader(Database& database, const Options& options);

// True if the file is still empty. kInvalid for the file of another application, kConflict for a
// schema of another version; the error says what to do.
base::Result<bool> is_empty(Database& database);
base::Status create_tables(Database& database);  // inside a transaction
// kCorrupt when the tables of the file are not those of our version. SQLite has no checksum over
// the text of the schema, and a changed bit in it causes errors elsewhere.
base::Status check_tables(Database& database);

}  // namespace store
