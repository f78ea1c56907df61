#pragma once

// A VFS over the default one that counts syncs of the write-ahead log and fails on demand.

#include <string>

namespace store::sample {

struct Faults {
  int wal_syncs = 0;
  bool fail_wal_sync = false;       // SQLITE_IOERR_FSYNC
  bool fail_wal_write = false;      // SQLITE_IOERR_WRITE
  bool fill_wal_write = false;      // SQLITE_FULL
  bool fail_database_sync = false;  // SQLITE_IOERR_FSYNC, met by checkpoints
  bool fail_database_read = false;  // SQLITE_IOERR_READ
  bool fail_wal_read = false;       // SQLITE_IOERR_READ
  int unreadable_page = -1;         // of the database, from 0: SQLITE_IOERR_READ

  // The n-th call: reads, writes, syncs and truncates of every file count from 0; those in
  // [fail_from, fail_until) fail, and [again_from, again_until) too.
  int calls = 0;
  int fail_from = 0;
  int fail_until = 0;
  int again_from = 0;
  int again_until = 0;
  bool full = false;  // only writes fail, with SQLITE_FULL
  int failed = 0;     // calls that did
};

// Registered at the first call; one state for the whole program.
Faults& faults();
extern const char* const kFaultVfs;

}  // namespace store::sample
