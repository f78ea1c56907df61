#include "store/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "crdt/base/check.h"
#include "store/whole_blocks.h"

namespace store {
namespace {

// A reader in recovery or a closing connection holds a lock only for a short time.
constexpr int kBusyMillis = 5'000;

base::Code code_of(int code) {
  if (code == SQLITE_IOERR_SHMSIZE) return base::Code::kDiskFull;  // whole_blocks.h
  switch (code & 0xff) {
    case SQLITE_FULL:
      return base::Code::kDiskFull;
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return base::Code::kReadOnly;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return base::Code::kCorrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return base::Code::kBusy;
    case SQLITE_CANTOPEN:
      return base::Code::kUnavailable;
    case SQLITE_TOOBIG:
      return base::Code::kTooLarge;
    default:
      return base::Code::kInternal;
  }
}

// The file holds the signing seed, so other users must not read it, whatever the umask. SQLite
// gives its side files the mode of the database. Never open an existing file here: closing any
// descriptor of it would release the locks of other connections in this process.
void make_private(const std::string& path) {
  int created = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (created >= 0) {
    ::fchmod(created, 0600);
    ::close(created);
    return;
  }
  for (const char* suffix : {"", "-wal", "-shm"}) {
    const std::string file = path + suffix;
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0) continue;
    // A side file takes the mode that the database had when it was made.
    const bool side = *suffix != '\0';
    const bool closed = side && (info.st_mode & 0600) != 0600;
    if ((info.st_mode & 077) != 0 || closed) ::chmod(file.c_str(), 0600);
  }
}

// Without this, SQLite opens the file for reading only and fails at the first write, with a message
// that names neither the file nor the remedy.
base::Status check_writable(const std::string& path) {
  if (::access(path.c_str(), R_OK | W_OK) != 0 && errno == EACCES) {
    return base::Error{base::Code::kForbidden,
                       "open " + path +
                           ": this user may not read and write it; give the file to the user of "
                           "the agent, with mode 0600"};
  }
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (::access(folder.c_str(), W_OK | X_OK) != 0 && errno == EACCES) {
    return base::Error{base::Code::kForbidden,
                       "open " + path +
                           ": this user may not write into its directory; give it to the user of "
                           "the agent, with mode 0700"};
  }
  return {};
}

}  // namespace

base::Result<std::unique_ptr<Database>> Database::open(const std::string& path, Mode mode,
                                                       const std::string& vfs) {
  allocate_whole_blocks();
  const bool writes = mode == Mode::kReadWrite;
  if (writes && vfs.empty() && path != ":memory:") {
    make_private(path);
    RETURN_IF_ERROR(check_writable(path));
  }
  const int flags = SQLITE_OPEN_NOMUTEX |
                    (writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
  sqlite3* handle = nullptr;
  const int opened =
      sqlite3_open_v2(path.c_str(), &handle, flags, vfs.empty() ? nullptr : vfs.c_str());
  std::unique_ptr<Database> database(new Database(handle, path));
  if (opened != SQLITE_OK) return database->error("open", opened);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyMillis);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_wal_hook(handle, note_commit, &database->wal_);
  if (!writes) {
    database->keep_wal_on_close();
    RETURN_IF_ERROR(database->execute("PRAGMA query_only=ON"));
  }
  return database;
}

Database::~Database() { sqlite3_close_v2(handle_); }

base::Result<std::unique_ptr<Statement>> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return error(sql, code);
  return std::unique_ptr<Statement>(new Statement(*this, statement));
}

base::Status Database::execute(std::string_view sql) {
  const int code = sqlite3_exec(handle_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error(sql, code);
  return {};
}

base::Result<std::int64_t> Database::pragma(std::string_view name) {
  ASSIGN_OR_RETURN(auto statement, prepare("PRAGMA " + std::string(name)));
  ASSIGN_OR_RETURN(bool row, statement->step());
  if (!row) return std::int64_t{0};
  return statement->integer(0);
}

base::Status Database::begin() {
  RETURN_IF_ERROR(execute("BEGIN IMMEDIATE"));
  begun_ = true;
  return {};
}

base::Status Database::commit() {
  const int code = sqlite3_exec(handle_, "COMMIT", nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) {
    begun_ = false;
    return {};
  }
  base::Error failure = error("COMMIT", code);
  // The index of the log grows after the frames of the commit are written: they may be played back.
  bool no_room = failure.code == base::Code::kDiskFull && code != SQLITE_IOERR_SHMSIZE;
  if ((code & 0xff) == SQLITE_IOERR && !no_room) failure.code = base::Code::kIndeterminate;
  return failure;
}

base::Status Database::writable() const {
  CHECK(begun_);
  if (in_transaction()) return {};
  return base::Error{base::Code::kReadOnly,
                     path_ + ": SQLite gave up the transaction after an earlier error"};
}

void Database::rollback() {
  begun_ = false;
  // If this fails, SQLite has rolled back by itself.
  if (in_transaction()) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

base::Status Database::checkpoint() {
  const int code =
      sqlite3_wal_checkpoint_v2(handle_, "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY) return {};
  return error("checkpoint", code);
}

base::Status Database::empty_wal() {
  // A reader keeps the log as it is. We do not wait for it.
  sqlite3_busy_timeout(handle_, 0);
  const int code =
      sqlite3_wal_checkpoint_v2(handle_, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_busy_timeout(handle_, kBusyMillis);
  if ((code & 0xff) == SQLITE_BUSY) return {};
  if (code != SQLITE_OK) return error("checkpoint", code);
  wal_.pages = 0;
  return {};
}

std::uint64_t Database::pages_written() const {
  int written = 0;
  int highest = 0;
  sqlite3_db_status(handle_, SQLITE_DBSTATUS_CACHE_WRITE, &written, &highest, 0);
  // SQLite counts in 32 bits. Seen often enough, the count never loses a turn of them.
  pages_written_ += static_cast<std::uint32_t>(written) - pages_seen_;
  pages_seen_ = static_cast<std::uint32_t>(written);
  return pages_written_;
}

std::int64_t Database::wal_bytes() const {
  sqlite3_file* wal = nullptr;
  sqlite3_file_control(handle_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
  sqlite3_int64 bytes = 0;
  if (wal == nullptr || wal->pMethods == nullptr) return 0;
  return wal->pMethods->xFileSize(wal, &bytes) == SQLITE_OK ? bytes : 0;
}

base::Status Database::sync_wal() {
  sqlite3_file* wal = nullptr;
  sqlite3_file_control(handle_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
  if (wal == nullptr || wal->pMethods == nullptr) return {};  // a database in memory has none
  const int code = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
  if (code != SQLITE_OK) {
    return base::Error{base::Code::kIndeterminate,
                       "sync " + path_ + "-wal: " + sqlite3_errstr(code)};
  }
  return {};
}

int Database::note_commit(void* wal, sqlite3*, const char*, int pages) {
  static_cast<Wal*>(wal)->pages = pages;
  ++static_cast<Wal*>(wal)->commits;
  return SQLITE_OK;
}

void Database::release_memory() { sqlite3_db_release_memory(handle_); }

void Database::keep_wal_on_close() {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

base::Error Database::error(std::string_view doing, int code) const {
  std::string message(doing);
  message += " (" + path_ + "): ";
  const bool latest = handle_ != nullptr && (sqlite3_errcode(handle_) & 0xff) == (code & 0xff);
  message += latest ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  base::Error error{code_of(code), std::move(message)};
  if (is_of_unknown_format(code)) error.code = base::Code::kCorrupt;
  if (error.code == base::Code::kCorrupt) damage_ = error.message;
  return error;
}

// True if a format number in the header of the file is unknown: that of the schema or that of the
// file. Only a damaged medium changes them, and SQLite reports this damage as another error
// (https://sqlite.org/fileformat2.html, 1.3).
bool Database::is_of_unknown_format(int code) const {
  constexpr int kWriteVersionAt = 18;
  constexpr int kWriteVersionMax = 2;
  if (code == SQLITE_ERROR && handle_ != nullptr) {
    return std::string_view(sqlite3_errmsg(handle_)) == "unsupported file format";
  }
  if (code != SQLITE_READONLY) return false;
  sqlite3_file* file = nullptr;
  sqlite3_file_control(handle_, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  unsigned char version = 0;
  const bool read = file != nullptr && file->pMethods != nullptr &&
                    file->pMethods->xRead(file, &version, 1, kWriteVersionAt) == SQLITE_OK;
  return read && version > kWriteVersionMax;
}

base::Error Database::corrupt(const std::string& what) const {
  damage_ = path_ + ": " + what;
  return {base::Code::kCorrupt, *damage_};
}

bool Database::read_failed() const {
  const int code = sqlite3_extended_errcode(handle_);
  return code == SQLITE_IOERR_READ || code == SQLITE_IOERR_SHORT_READ ||
         code == SQLITE_IOERR_CORRUPTFS;
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

std::int64_t Database::changed_rows() const { return sqlite3_changes64(handle_); }

Statement::~Statement() { sqlite3_finalize(handle_); }

Statement& Statement::bind(int index, std::int64_t value) {
  CHECK(sqlite3_bind_int64(handle_, index, value) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind_blob(int index, base::BytesView value) {
  // A null pointer would bind NULL.
  const char* bytes = value.data() == nullptr ? "" : value.data();
  CHECK(sqlite3_bind_blob64(handle_, index, bytes, value.size(), SQLITE_STATIC) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind_text(int index, std::string_view value) {
  const char* text = value.data() == nullptr ? "" : value.data();
  CHECK(sqlite3_bind_text64(handle_, index, text, value.size(), SQLITE_STATIC, SQLITE_UTF8) ==
        SQLITE_OK);
  return *this;
}

Statement& Statement::bind_null(int index) {
  CHECK(sqlite3_bind_null(handle_, index) == SQLITE_OK);
  return *this;
}

base::Result<bool> Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(handle_);
    return false;
  }
  base::Error failure = database_.error(sqlite3_sql(handle_), code);
  sqlite3_reset(handle_);
  return failure;
}

base::Status Statement::run() {
  for (;;) {
    ASSIGN_OR_RETURN(bool row, step());
    if (!row) return {};
  }
}

void Statement::reset() { sqlite3_reset(handle_); }

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }

base::BytesView Statement::blob(int column) const {
  const void* bytes = sqlite3_column_blob(handle_, column);
  const int size = sqlite3_column_bytes(handle_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

std::string_view Statement::text(int column) const {
  const unsigned char* text = sqlite3_column_text(handle_, column);
  const int size = sqlite3_column_bytes(handle_, column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

base::Result<Loan> Query::use() {
  if (!statement_) {
    ASSIGN_OR_RETURN(statement_, database_.prepare(sql_));
  }
  return Loan(statement_.get());
}

base::Result<std::int64_t> Query::number() {
  ASSIGN_OR_RETURN(Loan loan, use());
  ASSIGN_OR_RETURN(const bool row, loan->step());
  return row ? loan->integer(0) : 0;
}

}  // namespace store
