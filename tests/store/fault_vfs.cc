#include "fault_vfs.h"

#include <sqlite3.h>

#include <cstring>

namespace store::sample {
namespace {

Faults state;

// A file as SQLite sees it: our methods, and after them the real file.
struct File {
  sqlite3_file base;
  int kind;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File* ours(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) { return ours(file)->real(); }
bool is_wal(sqlite3_file* file) { return ours(file)->kind & SQLITE_OPEN_WAL; }
bool is_database(sqlite3_file* file) { return ours(file)->kind & SQLITE_OPEN_MAIN_DB; }

// The error that this call returns instead of doing anything. SQLITE_OK: the call is done.
int verdict(int code) {
  const int call = state.calls++;
  const bool fails = (call >= state.fail_from && call < state.fail_until) ||
                     (call >= state.again_from && call < state.again_until);
  if (!fails || (state.full && code != SQLITE_IOERR_WRITE)) return SQLITE_OK;
  ++state.failed;
  return state.full ? SQLITE_FULL : code;
}

int close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }
int read(sqlite3_file* file, void* out, int size, sqlite3_int64 at) {
  if (const int code = verdict(SQLITE_IOERR_READ)) return code;
  if (state.fail_database_read && is_database(file)) return SQLITE_IOERR_READ;
  const bool page = size >= 512 && at / size == state.unreadable_page;
  if (page && is_database(file)) return SQLITE_IOERR_READ;
  if (state.fail_wal_read && is_wal(file)) return SQLITE_IOERR_READ;
  return real(file)->pMethods->xRead(real(file), out, size, at);
}
int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 at) {
  if (const int code = verdict(SQLITE_IOERR_WRITE)) return code;
  if (state.fail_wal_write && is_wal(file)) return SQLITE_IOERR_WRITE;
  if (state.fill_wal_write && is_wal(file)) return SQLITE_FULL;
  return real(file)->pMethods->xWrite(real(file), bytes, size, at);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (const int code = verdict(SQLITE_IOERR_TRUNCATE)) return code;
  return real(file)->pMethods->xTruncate(real(file), size);
}
int sync(sqlite3_file* file, int flags) {
  if (const int code = verdict(SQLITE_IOERR_FSYNC)) return code;
  if (is_wal(file)) {
    if (state.fail_wal_sync) return SQLITE_IOERR_FSYNC;
    ++state.wal_syncs;
  }
  if (state.fail_database_sync && is_database(file)) return SQLITE_IOERR_FSYNC;
  return real(file)->pMethods->xSync(real(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int lock(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int unlock(sqlite3_file* file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
int reserved(sqlite3_file* file, int* out) {
  return real(file)->pMethods->xCheckReservedLock(real(file), out);
}
int control(sqlite3_file* file, int op, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), op, argument);
}
int sector(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int traits(sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }
int shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
  return real(file)->pMethods->xShmMap(real(file), region, size, extend, out);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int shm_unmap(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

const sqlite3_io_methods kMethods = {
    2,       close,  read,   write,   truncate, sync,        file_size, lock,    unlock, reserved,
    control, sector, traits, shm_map, shm_lock, shm_barrier, shm_unmap, nullptr, nullptr};

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
  auto* under = static_cast<sqlite3_vfs*>(vfs->pAppData);
  ours(file)->kind = flags;
  const int code = under->xOpen(under, name, real(file), flags, out);
  // SQLite closes a file if and only if it has methods.
  file->pMethods = real(file)->pMethods ? &kMethods : nullptr;
  return code;
}

}  // namespace

const char* const kFaultVfs = "hearsay-fault";

Faults& faults() {
  static sqlite3_vfs vfs;
  if (!vfs.zName) {
    sqlite3_vfs* under = sqlite3_vfs_find(nullptr);
    vfs = *under;
    vfs.zName = kFaultVfs;
    vfs.pNext = nullptr;
    vfs.pAppData = under;
    vfs.szOsFile = static_cast<int>(sizeof(File)) + under->szOsFile;
    vfs.xOpen = open;
    sqlite3_vfs_register(&vfs, 0);
  }
  return state;
}

}  // namespace store::sample
