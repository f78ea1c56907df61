#pragma once

// What connections share of a file beside its bytes: SQLite's locks on the database, and the
// shared memory of its write-ahead log with locks of its own. Facts: sqlite3.h, xLock and xShmLock.
// Holders are named by their handle; a handle that dies gives up what it holds.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace simulation {

// None, shared, reserved, pending and exclusive are SQLITE_LOCK_NONE (0) to SQLITE_LOCK_EXCLUSIVE.
class FileLocks {
 public:
  using Holder = const void*;

  bool lock(Holder holder, int level);  // false: another holder is in the way
  void unlock(Holder holder, int level);
  bool reserved() const;
  int level_of(Holder holder) const;

 private:
  bool another_above(Holder holder, int level) const;
  std::map<Holder, int> levels_;  // those that hold something; order is never observed
};

class SharedMemory {
 public:
  using Holder = const void*;
  static constexpr int kLocks = 8;  // SQLITE_SHM_NLOCK

  void join(Holder holder);
  // True when this was the last holder: the memory is to be dropped.
  bool leave(Holder holder);
  // Null when the region is not there and `extend` does not ask for it.
  char* region(std::size_t index, std::size_t bytes, bool extend);
  bool lock_shared(Holder holder, int first, int count);
  bool lock_exclusive(Holder holder, int first, int count);
  void unlock(Holder holder, int first, int count);

 private:
  struct Held {
    std::uint32_t shared = 0;  // a bit a lock
    std::uint32_t exclusive = 0;
  };
  // The locks that anybody else holds.
  Held others(Holder holder) const;

  std::map<Holder, Held> held_;
  std::vector<std::unique_ptr<char[]>> regions_;
};

}  // namespace simulation
