#pragma once

// A VFS on top of the default one. It counts syncs of the write-ahead log and fails on request.

#include <string>

namespace store::sample {

struct Faults {
  int wal_syncs = 0;
  bool fail_wal_sync = false;       // SQLITE_IOERR_FSYNC
  bool fail_wal_write = false;      // SQLITE_IOERR_WRITE
  bool fill_wal_write = false;      // SQLITE_FULL
  bool fail_database_sync = false;  // SQLITE_IOERR_FSYNC; a checkpoint gets it
  bool fail_database_read = false;  // SQLITE_IOERR_READ
  bool fail_wal_read = false;       // SQLITE_IOERR_READ
  int unreadable_page = -1;         // of the database, from 0: SQLITE_IOERR_READ

  // Reads, writes, syncs and truncates of all files are counted from 0. The calls in [fail_from,
  // fail_until) and in [again_from, again_until) fail.
  int calls = 0;
  int fail_from = 0;
  int fail_until = 0;
  int again_from = 0;
  int again_until = 0;
  bool full = false;  // only writes fail, with SQLITE_FULL
  int failed = 0;     // number of calls that failed
};

// Registered at the first call; one state for the whole program.
Faults& faults();
extern const char* const kFaultVfs;

}  // namespace store::sample
