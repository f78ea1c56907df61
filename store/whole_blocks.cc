#include "store/whole_blocks.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "crdt/base/check.h"

namespace store {
namespace {

constexpr std::int64_t kBlock = 4'096;    // the step in which SQLite writes `-shm`
constexpr std::int64_t kRegion = 32'768;  // the part that SQLite maps at once

int really_allocate(int file, std::int64_t from, std::int64_t bytes) {
  for (;;) {
    const int failed = ::posix_fallocate(file, from, bytes);
    if (failed == EINTR) continue;
    // On a file system without allocation only SQLite's own write happens.
    return failed == EOPNOTSUPP || failed == EINVAL ? 0 : failed;
  }
}

std::atomic<Allocate> allocator{nullptr};

// True if the byte at `at`, the last of its 4 KiB, may be written.
bool make_room(int file, std::int64_t at) {
  const Allocate asked = allocator.load();
  const int failed = (asked ? asked : really_allocate)(file, at + 1 - kBlock, kBlock);
  if (failed != 0) {
    errno = failed;
    return false;
  }
  // Also allocates the next region, if possible. If that room were missing during a commit, the
  // commit would already be in the log, and this process could not know its outcome.
  if (!asked) ::fallocate(file, FALLOC_FL_KEEP_SIZE, at + 1, kRegion);
  return true;
}

bool ends_a_block(std::size_t bytes, std::int64_t at) {
  return bytes == 1 && at > 0 && (at + 1) % kBlock == 0;
}

// SQLite calls a write that found no room SQLITE_FULL, and undoes it, only for ENOSPC. A limit of
// file size (`ulimit -f`) and a quota are the same to us: there may be room later.
ssize_t told(ssize_t written) {
  if (written < 0 && (errno == EFBIG || errno == EDQUOT)) errno = ENOSPC;
  return written;
}

ssize_t write_at(int file, const void* bytes, std::size_t count, off_t at) {
  if (ends_a_block(count, at) && !make_room(file, at)) return -1;
  return told(::pwrite(file, bytes, count, at));
}

ssize_t write_here(int file, const void* bytes, std::size_t count) {
  if (count == 1) {
    const off_t at = ::lseek(file, 0, SEEK_CUR);
    if (at > 0 && ends_a_block(count, at) && !make_room(file, at)) return -1;
  }
  return told(::write(file, bytes, count));
}

}  // namespace

void allocate_whole_blocks() {
  static const bool once = [] {
    CHECK(sqlite3_initialize() == SQLITE_OK);
    sqlite3_vfs* vfs = sqlite3_vfs_find("unix");
    CHECK(vfs != nullptr && vfs->iVersion >= 3);
    // Which of these functions is called depends on how SQLite was built.
    static_assert(sizeof(off_t) == sizeof(std::int64_t));
    const auto at = reinterpret_cast<sqlite3_syscall_ptr>(write_at);
    for (const char* name : {"pwrite", "pwrite64"}) {
      if (vfs->xGetSystemCall(vfs, name)) vfs->xSetSystemCall(vfs, name, at);
    }
    vfs->xSetSystemCall(vfs, "write", reinterpret_cast<sqlite3_syscall_ptr>(write_here));
    return true;
  }();
  CHECK(once);
}

void set_allocate(Allocate allocate) { allocator = allocate; }

}  // namespace store
