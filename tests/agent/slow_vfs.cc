#include "tests/agent/slow_vfs.h"

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <thread>

namespace agent {
namespace {

std::atomic<long long> delay_millis{0};
std::atomic<long long> last_end{0};
sqlite3_vfs* below = nullptr;
sqlite3_vfs slow{};
std::string slow_name;

struct SlowFile {
  sqlite3_file base;
  bool is_wal;
};
sqlite3_file* real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(SlowFile));
}

// Every call goes directly to the real file; only xSync waits.
#define FORWARD(name, parameters, arguments) \
  int name parameters { return real(file)->pMethods->name arguments; }
FORWARD(xRead, (sqlite3_file * file, void* to, int amount, sqlite3_int64 offset),
        (real(file), to, amount, offset))
FORWARD(xWrite, (sqlite3_file * file, const void* from, int amount, sqlite3_int64 offset),
        (real(file), from, amount, offset))
FORWARD(xTruncate, (sqlite3_file * file, sqlite3_int64 size), (real(file), size))
FORWARD(xFileSize, (sqlite3_file * file, sqlite3_int64* size), (real(file), size))
FORWARD(xLock, (sqlite3_file * file, int level), (real(file), level))
FORWARD(xUnlock, (sqlite3_file * file, int level), (real(file), level))
FORWARD(xCheckReservedLock, (sqlite3_file * file, int* out), (real(file), out))
FORWARD(xFileControl, (sqlite3_file * file, int what, void* with), (real(file), what, with))
FORWARD(xSectorSize, (sqlite3_file * file), (real(file)))
FORWARD(xDeviceCharacteristics, (sqlite3_file * file), (real(file)))
FORWARD(xShmMap, (sqlite3_file * file, int page, int size, int extend, void volatile** out),
        (real(file), page, size, extend, out))
FORWARD(xShmLock, (sqlite3_file * file, int offset, int count, int flags),
        (real(file), offset, count, flags))
void xShmBarrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
FORWARD(xShmUnmap, (sqlite3_file * file, int remove), (real(file), remove))
#undef FORWARD

int xClose(sqlite3_file* file) {
  return real(file)->pMethods ? real(file)->pMethods->xClose(real(file)) : SQLITE_OK;
}

int xSync(sqlite3_file* file, int flags) {
  bool wal = reinterpret_cast<SlowFile*>(file)->is_wal;
  if (wal) std::this_thread::sleep_for(std::chrono::milliseconds(delay_millis.load()));
  int result = real(file)->pMethods->xSync(real(file), flags);
  if (wal) last_end = std::chrono::steady_clock::now().time_since_epoch().count();
  return result;
}

constexpr sqlite3_io_methods kMethods = {2,
                                         xClose,
                                         xRead,
                                         xWrite,
                                         xTruncate,
                                         xSync,
                                         xFileSize,
                                         xLock,
                                         xUnlock,
                                         xCheckReservedLock,
                                         xFileControl,
                                         xSectorSize,
                                         xDeviceCharacteristics,
                                         xShmMap,
                                         xShmLock,
                                         xShmBarrier,
                                         xShmUnmap,
                                         nullptr,
                                         nullptr};

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
  auto* ours = reinterpret_cast<SlowFile*>(file);
  ours->is_wal = (flags & SQLITE_OPEN_WAL) != 0;
  std::memset(real(file), 0, static_cast<std::size_t>(below->szOsFile));
  int result = below->xOpen(below, name, real(file), flags, out);
  ours->base.pMethods = real(file)->pMethods ? &kMethods : nullptr;
  return result;
}

}  // namespace

void register_slow_vfs(const std::string& name) {
  if (below) return;
  below = sqlite3_vfs_find(nullptr);
  slow_name = name;
  slow = *below;
  slow.zName = slow_name.c_str();
  slow.szOsFile = static_cast<int>(sizeof(SlowFile)) + below->szOsFile;
  slow.xOpen = open_file;
  sqlite3_vfs_register(&slow, 0);
}

void set_sync_delay(std::chrono::milliseconds delay) { delay_millis = delay.count(); }
long long last_sync_end() { return last_end; }

}  // namespace agent
