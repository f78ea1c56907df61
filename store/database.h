#pragma once

// One SQLite connection and its prepared statements. Maps SQLite's result codes to base::Error:
// SQLITE_FULL, a limit of file size and a quota to kDiskFull; SQLITE_IOERR to kReadOnly
// (kIndeterminate in COMMIT); SQLITE_CORRUPT and SQLITE_NOTADB to kCorrupt; SQLITE_READONLY to
// kReadOnly. Messages name the file and what was tried. One thread at a time.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "crdt/base/bytes.h"
#include "crdt/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace store {

class Statement;

class Database {
 public:
  enum class Mode { kReadWrite, kReadOnly };
  // `vfs` empty means the default. Read-only connections set query_only and never checkpoint.
  static base::Result<std::unique_ptr<Database>> open(const std::string& path, Mode mode,
                                                      const std::string& vfs = "");
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  base::Result<std::unique_ptr<Statement>> prepare(std::string_view sql);
  base::Status execute(std::string_view sql);                // several statements, no results
  base::Result<std::int64_t> pragma(std::string_view name);  // first column of "PRAGMA name"
  // Flushes to the medium what NORMAL commits left in the write-ahead log (fsync).
  base::Status sync_wal();
  base::Error error(std::string_view doing, int code) const;
  base::Error corrupt(const std::string& what) const;  // kCorrupt
  // The last damage that an error of this connection reported. The call clears it.
  std::optional<std::string> take_damage() { return std::exchange(damage_, std::nullopt); }
  bool read_failed() const;  // the last error was a page that could not be read
  bool in_transaction() const;
  std::int64_t changed_rows() const;
  base::Status begin();   // BEGIN IMMEDIATE
  base::Status commit();  // after an I/O error (kIndeterminate) the outcome is unknown
  void rollback();        // does nothing when no transaction is open
  // CHECKs that begin() was called. An error when SQLite has ended the transaction by itself, as it
  // may after a full disk or an I/O error: further writes would be committed one by one.
  base::Status writable() const;
  // The pages in the write-ahead log after the last commit of this connection, and the number of
  // its commits that wrote pages. A commit without changes writes nothing and syncs nothing.
  int wal_pages() const { return wal_.pages; }
  std::uint64_t wal_commits() const { return wal_.commits; }
  std::uint64_t pages_written() const;  // by this connection, since it was opened
  // Checkpoint: copies from the write-ahead log into the file what no reader needs. A reader in the
  // way is not an error; the rest is copied later. SQLite's automatic checkpoint is off, because it
  // ignores I/O errors, and a later fsync may then report a false success.
  base::Status checkpoint();
  // Frees the page cache of the connection. Pages are read again when they are needed.
  void release_memory();
  // A checkpoint that also truncates the write-ahead log. Changes nothing while a reader uses the
  // log.
  base::Status empty_wal();
  std::int64_t wal_bytes() const;  // the size of its file
  // Call before the destructor: then closing leaves the write-ahead log for recovery and does not
  // copy it into the file.
  void keep_wal_on_close();
  sqlite3* handle() const { return handle_; }
  const std::string& path() const { return path_; }

 private:
  Database(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  bool is_of_unknown_format(int code) const;
  sqlite3* handle_;
  std::string path_;
  bool begun_ = false;
  mutable std::optional<std::string> damage_;
  struct Wal {
    int pages = 0;
    std::uint64_t commits = 0;
  };
  static int note_commit(void* wal, sqlite3*, const char*, int pages);
  Wal wal_;
  mutable std::uint64_t pages_written_ = 0;
  mutable std::uint32_t pages_seen_ = 0;  // what SQLite counted when it was last asked
};

// A prepared statement. bind() counts from 1, column() from 0. Column views are valid until the
// next step or reset. Texts and blobs are bound without a copy: they must outlive the step.
class Statement {
 public:
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int index, std::int64_t value);
  Statement& bind_blob(int index, base::BytesView value);
  Statement& bind_text(int index, std::string_view value);
  Statement& bind_null(int index);
  base::Result<bool> step();  // true: a row; false: done (and reset)
  base::Status run();         // steps to the end, resets
  void reset();
  std::int64_t integer(int column) const;
  base::BytesView blob(int column) const;
  std::string_view text(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  Statement(Database& database, sqlite3_stmt* handle) : database_(database), handle_(handle) {}
  Database& database_;
  sqlite3_stmt* handle_;
};

// Lends a statement to a scope and resets it at the end, so that no cursor stays open.
class Loan {
 public:
  explicit Loan(Statement* statement) : statement_(statement) {}
  Loan() = default;
  Loan(Loan&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Loan& operator=(Loan&& other) noexcept {
    std::swap(statement_, other.statement_);
    return *this;
  }
  ~Loan() {
    if (statement_) statement_->reset();
  }
  Statement* operator->() const { return statement_; }

 private:
  Statement* statement_ = nullptr;
};

// A statement that is prepared at its first use and then kept. Not reentrant: one loan at a time.
class Query {
 public:
  Query(Database& database, std::string_view sql) : database_(database), sql_(sql) {}
  base::Result<Loan> use();
  base::Result<std::int64_t> number();  // first column of the first row; 0 if there is none

 private:
  Database& database_;
  std::string_view sql_;
  std::unique_ptr<Statement> statement_;
};

}  // namespace store
