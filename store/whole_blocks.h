#pragma once

// The index of the write-ahead log (`-shm`) is a file that is mapped into memory. SQLite makes room
// in it by writing one byte every 4 KiB. On a file system with smaller blocks the rest are holes.
// When the disk is full, a write to a hole raises SIGBUS, which kills the process, again at every
// start. So we allocate the 4 KiB before each of these bytes is written. If that fails, SQLite
// reports SQLITE_IOERR_SHMSIZE, which the store calls disk_full.
//
// The same calls make a limit of file size and a quota a full disk: SQLite knows only ENOSPC as
// one.

#include <cstdint>

namespace store {

// Replaces the write calls of SQLite's unix VFS, once for the whole process. Call it before any
// connection is opened.
void allocate_whole_blocks();

// For tests: a function to call instead of posix_fallocate. Null: the real one.
using Allocate = int (*)(int file, std::int64_t from, std::int64_t bytes);
void set_allocate(Allocate allocate);

}  // namespace store
