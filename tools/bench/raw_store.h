#pragma once

// Plain SQLite with the settings of the agent but without its work, for comparison with its writes.
// Each write upserts an entry by its name and appends a change to a log.

#include <cstdint>
#include <memory>
#include <string>

#include "crdt/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace bench {

class RawStore {
 public:
  // kFull syncs each commit (like an author), kNormal syncs later (like a receiver).
  enum class Durability { kNormal, kFull };
  static base::Result<std::unique_ptr<RawStore>> open(const std::string& file);
  ~RawStore();
  RawStore(const RawStore&) = delete;
  RawStore& operator=(const RawStore&) = delete;

  base::Status begin(Durability durability);
  base::Status upsert(const std::string& name, const std::string& value);
  base::Status append(const std::string& change);
  base::Status commit();

 private:
  explicit RawStore(sqlite3* handle) : handle_(handle) {}
  base::Status execute(const char* sql);
  base::Status prepare(const char* sql, sqlite3_stmt** statement);
  base::Status step(sqlite3_stmt* statement);
  base::Error error(const std::string& doing) const;
  sqlite3* handle_;
  Durability durability_ = Durability::kFull;
  sqlite3_stmt* upsert_ = nullptr;
  sqlite3_stmt* append_ = nullptr;
};

}  // namespace bench
