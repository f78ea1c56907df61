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
CREATE TABLE log(pos INTEGER PRIMARY KEY, actor INTEGER NOT NULL, seq INTEGER NOT NULL,
  sum INTEGER NOT NULL, change BLOB NOT NULL) STRICT;
CREATE TABLE log_index(actor INTEGER NOT NULL, seq INTEGER NOT NULL, pos INTEGER NOT NULL,
  sum INTEGER NOT NULL, PRIMARY KEY(actor, seq)) STRICT, WITHOUT ROWID;
CREATE TABLE proofs(idx INTEGER PRIMARY KEY, actor BLOB NOT NULL, seq INTEGER NOT NULL,
  sum INTEGER NOT NULL, change BLOB NOT NULL) STRICT;
)sql";

// Version 2 added staged pages of a state join, and changes that wait. Since then the rows of
// actors in `meta` may have flags.
constexpr std::string_view kStep2 = R"sql(
CREATE TABLE staged(part INTEGER NOT NULL, page INTEGER NOT NULL, sum INTEGER NOT NULL,
  body BLOB NOT NULL, PRIMARY KEY(part, page)) STRICT;
CREATE TABLE held(idx INTEGER PRIMARY KEY, kind INTEGER NOT NULL, actor BLOB NOT NULL,
  seq INTEGER NOT NULL, sum INTEGER NOT NULL, change BLOB NOT NULL) STRICT;
)sql";

// Version 3 added closed actors, many to a row, and removed a token from the row of the identity.
constexpr std::string_view kStep3 = R"sql(
CREATE TABLE closed(block INTEGER PRIMARY KEY, sum INTEGER NOT NULL, v BLOB NOT NULL) STRICT;
)sql";

constexpr std::size_t kTableCount = 12;

base::Status set_version(Database& database) {
  return database.execute("PRAGMA user_version=" + std::to_string(kSchemaVersion));
}

constexpr std::string_view kBothPragmas =
    "PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON;"
    "PRAGMA trusted_schema=OFF;";

std::string cache_pragma(std::int64_t kib) {
  return "PRAGMA cache_size=-" + std::to_string(kib) + ";";
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
  return false;
}

base::Status create_tables(Database& database) {
  RETURN_IF_ERROR(database.execute(kTables));
  RETURN_IF_ERROR(database.execute(kStep2));
  RETURN_IF_ERROR(database.execute(kStep3));
  RETURN_IF_ERROR(database.execute("PRAGMA application_id=" + std::to_string(kApplicationId)));
  return set_version(database);
}

base::Status check_tables(Database& database) {
  ASSIGN_OR_RETURN(auto tables,
                   database.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"));
  std::size_t known = 0;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, tables->step());
    if (!row) break;
    const std::string_view sql = tables->text(0);
    for (const std::string_view ours : {kTables, kStep2, kStep3}) {
      if (ours.find(sql) != ours.npos) ++known;
    }
  }
  if (known == kTableCount) return {};
  return corrupt_row(database, "sqlite_schema", "of a table");
}

base::Status upgrade_tables(Database& database) {
  ASSIGN_OR_RETURN(const std::int64_t version, database.pragma("user_version"));
  if (version == kSchemaVersion) return {};
  // If the table of a step exists already, a bit of the version number has changed.
  ASSIGN_OR_RETURN(auto newer,
                   database.prepare("SELECT count(*) FROM sqlite_schema WHERE name=?1"));
  newer->bind_text(1, version < 2 ? "held" : "closed");
  ASSIGN_OR_RETURN(const bool row, newer->step());
  if (row && newer->integer(0) != 0) {
    return database.corrupt("schema version " + std::to_string(version) +
                            " with tables of a later one");
  }
  newer.reset();
  if (version < 2) RETURN_IF_ERROR(database.execute(kStep2));
  if (version < 3) {
    RETURN_IF_ERROR(database.execute(kStep3));
    RETURN_IF_ERROR(MetaTable(database).upgrade_to_3());
  }
  return set_version(database);
}

}  // namespace store
