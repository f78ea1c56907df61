#pragma once

// The index of the write-ahead log (`-shm`) is a file that is mapped into memory. SQLite makes room
// in it by writing one byte every 4 KiB. On a file system with smaller blocks the rest are holes,
// and a write to a hole that the full disk cannot fill is SIGBUS: the end of the process, again at
// every start. Here such a byte is written only after its 4 KiB have been allocated; where that
// fails, SQLite reports SQLITE_IOERR_SHMSIZE, which the store calls disk_full.

#include <cstdint>

namespace store {

// Replaces the write calls of SQLite's unix VFS, once for the whole process. Every connection of
// this program is opened after it.
void allocate_whole_blocks();

// For tests: what posix_fallocate is asked instead. Null: the real one.
using Allocate = int (*)(int file, std::int64_t from, std::int64_t bytes);
void set_allocate(Allocate allocate);

}  // namespace store
