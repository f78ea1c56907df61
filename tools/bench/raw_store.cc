#include "tools/bench/raw_store.h"

#include <sqlite3.h>

namespace bench {

base::Result<std::unique_ptr<RawStore>> RawStore::open(const std::string& file) {
  sqlite3* handle = nullptr;
  int code = ::sqlite3_open(file.c_str(), &handle);
  std::unique_ptr<RawStore> store(new RawStore(handle));
  if (code != SQLITE_OK) return store->error("open " + file);
  RETURN_IF_ERROR(store->execute(
      "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=16000;"
      "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-16384; PRAGMA mmap_size=0;"
      "PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON;"
      "CREATE TABLE cells(k TEXT PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID;"
      "CREATE TABLE log(pos INTEGER PRIMARY KEY, change BLOB NOT NULL);"
      "PRAGMA synchronous=FULL;"));
  RETURN_IF_ERROR(store->prepare(
      "INSERT INTO cells VALUES(?1, ?2) ON CONFLICT(k) DO UPDATE SET v = ?2", &store->upsert_));
  RETURN_IF_ERROR(store->prepare("INSERT INTO log(change) VALUES(?1)", &store->append_));
  return store;
}

RawStore::~RawStore() {
  ::sqlite3_finalize(upsert_);
  ::sqlite3_finalize(append_);
  ::sqlite3_close(handle_);
}

base::Status RawStore::begin(Durability durability) {
  if (durability != durability_) {
    RETURN_IF_ERROR(execute(durability == Durability::kFull ? "PRAGMA synchronous=FULL"
                                                            : "PRAGMA synchronous=NORMAL"));
    durability_ = durability;
  }
  return execute("BEGIN IMMEDIATE");
}

base::Status RawStore::commit() { return execute("COMMIT"); }

base::Status RawStore::upsert(const std::string& name, const std::string& value) {
  ::sqlite3_bind_text(upsert_, 1, name.data(), static_cast<int>(name.size()), SQLITE_STATIC);
  ::sqlite3_bind_blob(upsert_, 2, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
  return step(upsert_);
}

base::Status RawStore::append(const std::string& change) {
  ::sqlite3_bind_blob(append_, 1, change.data(), static_cast<int>(change.size()), SQLITE_STATIC);
  return step(append_);
}

base::Status RawStore::execute(const char* sql) {
  if (::sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return error(sql);
}

base::Status RawStore::prepare(const char* sql, sqlite3_stmt** statement) {
  if (::sqlite3_prepare_v2(handle_, sql, -1, statement, nullptr) == SQLITE_OK) return {};
  return error(sql);
}

base::Status RawStore::step(sqlite3_stmt* statement) {
  int code = ::sqlite3_step(statement);
  ::sqlite3_reset(statement);
  if (code == SQLITE_DONE) return {};
  return error("step");
}

base::Error RawStore::error(const std::string& doing) const {
  return {base::Code::kInternal, doing + ": " + ::sqlite3_errmsg(handle_)};
}

}  // namespace bench
