#include "store/schema.h"

#include <string>

#include "store/meta_table.h"
#include "store/row.h"

namespace store {
namespace {

constexpr std::string_view kTables = R"sql(
CREATE TABLE meta(k INTEGER PRIMARY KEY, v BLOB NOT NULL, sum INTEGER NOT NULL) STRICT;
CREATE TABLE actors(idx INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, node BLOB,
  sum INTEGER NOT NULL) STRICT;
CREATE TABLE objects(idx INTEGER PRIMARY KEY, name BLOB NOT NULL, type INTEGER NOT NULL,
  sum INTEGER NOT NULL, UNIQUE(name, type)) STRICT;
CREATE TABLE lanes(idx INTEGER PRIMARY KEY, type INTEGER NOT NULL, name BLOB,
  sum INTEGER NOT NULL) STRICT;
CREATE TABLE names(k BLOB PRIMARY KEY, id INTEGER NOT NULL, sum INTEGER NOT NULL)
  STRICT, WITHOUT ROWID;
CREATE TABLE cells(id INTEGER PRIMARY KEY, v BLOB NOT NULL) STRICT;
CREATE TABLE recent(pos INTEGER PRIMARY KEY, before INTEGER NOT NULL, sum INTEGER NOT NULL,
  v BLOB NOT NULL) STRICT;
CREATE TABLE log(pos INTEGER PRIMARY KEY, actor INTEGER NOT NULL, seq INTEGER NOT NULL,
  size INTEGER NOT NULL, sum INTEGER NOT NULL, change BLOB NOT NULL) STRICT;
CREATE TABLE log_index(actor INTEGER NOT NULL, seq INTEGER NOT NULL, pos INTEGER NOT NULL,
  sum INTEGER NOT NULL, PRIMARY KEY(actor, seq)) STRICT, WITHOUT ROWID;
CREATE TABLE proofs(idx INTEGER PRIMARY KEY, actor BLOB NOT NULL, seq INTEGER NOT NULL,
  sum INTEGER NOT NULL, change BLOB NOT NULL) STRICT;
CREATE TABLE staged(part INTEGER NOT NULL, page INTEGER NOT NULL, sum INTEGER NOT NULL,
  body BLOB NOT NULL, PRIMARY KEY(part, page)) STRICT;
CREATE TABLE held(idx INTEGER PRIMARY KEY, kind INTEGER NOT NULL, actor BLOB NOT NULL,
  seq INTEGER NOT NULL, sum INTEGER NOT NULL, change BLOB NOT NULL) STRICT;
CREATE TABLE requests(idx INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, sum INTEGER NOT NULL,
  v BLOB NOT NULL) STRICT;
CREATE TABLE closed(block INTEGER PRIMARY KEY, sum INTEGER NOT NULL, v BLOB NOT NULL) STRICT;
CREATE TABLE blocks(owner INTEGER NOT NULL, number INTEGER NOT NULL, sum INTEGER NOT NULL,
  v BLOB NOT NULL, PRIMARY KEY(owner, number)) STRICT;
CREATE TABLE texts(k BLOB PRIMARY KEY, id INTEGER NOT NULL, sum INTEGER NOT NULL,
  v BLOB NOT NULL) STRICT, WITHOUT ROWID;
)sql";

constexpr std::size_t kTableCount = 16;

constexpr std::string_view kBothPragmas =
    "PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON;"
    "PRAGMA trusted_schema=OFF;";

std::string cache_pragma(std::int64_t kib) {
  return "PRAGMA cache_size=-" + std::to_string(kib) + ";";
}

// There is no way from an older version to ours. A file with our tables is none of an older
// version: a bit of its version number has changed.
base::Error refuse_older(Database& database, std::int64_t version) {
  if (check_tables(database).ok()) {
    return database.corrupt("schema version " + std::to_string(version) +
                            " with the tables of version " + std::to_string(kSchemaVersion));
  }
  database.take_damage();
  return {base::Code::kConflict,
          database.path() + ": schema version " + std::to_string(version) +
              ", this program reads version " + std::to_string(kSchemaVersion) +
              "; stop the agent, move this file and its -wal and -shm away, and start it again: "
              "its peers send the state. Writes that no peer has are only in the old file"};
}

}  // namespace

base::Status configure_writer(Database& database, const Options& options) {
  RETURN_IF_ERROR(database.execute(kBothPragmas));
  RETURN_IF_ERROR(database.execute(cache_pragma(options.cache_kib)));
  RETURN_IF_ERROR(database.execute("PRAGMA page_size=4096; PRAGMA journal_size_limit=4194304;"));
  // Debian's SQLite overwrites every freed page with zeros by default: that writes as much again as
  // was deleted.
  RETURN_IF_ERROR(database.execute("PRAGMA secure_delete=FAST;"));
  ASSIGN_OR_RETURN(auto statement, database.prepare("PRAGMA journal_mode=WAL"));
  ASSIGN_OR_RETURN(bool row, statement->step());
  const std::string mode = row ? std::string(statement->text(0)) : std::string();
  if (mode != "wal" && mode != "memory") {  // "memory" is the only mode of a database in memory
    return base::Error{
        base::Code::kUnprocessable,
        database.path() + ": cannot use a write-ahead log here, journal mode is " + mode};
  }
  return {};
}

base::Status configure_reader(Database& database, const Options& options) {
  RETURN_IF_ERROR(database.execute(kBothPragmas));
  return database.execute(cache_pragma(options.reader_cache_kib));
}

base::Result<bool> is_empty(Database& database) {
  ASSIGN_OR_RETURN(std::int64_t application, database.pragma("application_id"));
  ASSIGN_OR_RETURN(std::int64_t version, database.pragma("user_version"));
  if (application == 0 && version == 0) {
    ASSIGN_OR_RETURN(auto tables, database.prepare("SELECT count(*) FROM sqlite_schema"));
    ASSIGN_OR_RETURN(bool row, tables->step());
    if (row && tables->integer(0) == 0) return true;
  }
  if (application != kApplicationId) {
    return base::invalid(database.path() +
                         ": not a Hearsay database, but the file of another application (id " +
                         std::to_string(application) + ")");
  }
  if (version > kSchemaVersion) {
    return base::Error{base::Code::kConflict,
                       database.path() + ": schema version " + std::to_string(version) +
                           ", this program knows up to version " + std::to_string(kSchemaVersion)};
  }
  if (version < 1) {
    return database.corrupt("schema version " + std::to_string(version));
  }
  if (version < kSchemaVersion) return refuse_older(database, version);
  return false;
}

base::Status create_tables(Database& database) {
  RETURN_IF_ERROR(database.execute(kTables));
  RETURN_IF_ERROR(database.execute("PRAGMA application_id=" + std::to_string(kApplicationId)));
  return database.execute("PRAGMA user_version=" + std::to_string(kSchemaVersion));
}

base::Status check_tables(Database& database) {
  ASSIGN_OR_RETURN(auto tables,
                   database.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"));
  std::size_t known = 0;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, tables->step());
    if (!row) break;
    if (kTables.find(tables->text(0)) != kTables.npos) ++known;
  }
  if (known == kTableCount) return {};
  return corrupt_row(database, "sqlite_schema", "of a table");
}

}  // namespace store
