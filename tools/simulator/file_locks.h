#pragma once

// What connections share of a file besides its bytes: SQLite's locks on the database, and the
// shared memory of its write-ahead log with its own locks. Source: sqlite3.h, xLock and xShmLock. A
// handle identifies its holder; a handle that dies releases its locks.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace simulation {

// None, shared, reserved, pending and exclusive have the values SQLITE_LOCK_NONE (0) to
// SQLITE_LOCK_EXCLUSIVE.
class FileLocks {
 public:
  using Holder = const void*;

  bool lock(Holder holder, int level);  // false: another holder prevents it
  void unlock(Holder holder, int level);
  bool reserved() const;
  int level_of(Holder holder) const;

 private:
  bool another_above(Holder holder, int level) const;
  std::map<Holder, int> levels_;  // holders of a lock; their order is never observed
};

class SharedMemory {
 public:
  using Holder = const void*;
  static constexpr int kLocks = 8;  // SQLITE_SHM_NLOCK

  void join(Holder holder);
  // True when this was the last holder: then drop the memory.
  bool leave(Holder holder);
  // Null if the region does not exist and `extend` is false.
  char* region(std::size_t index, std::size_t bytes, bool extend);
  bool lock_shared(Holder holder, int first, int count);
  bool lock_exclusive(Holder holder, int first, int count);
  void unlock(Holder holder, int first, int count);

 private:
  struct Held {
    std::uint32_t shared = 0;  // one bit for each lock
    std::uint32_t exclusive = 0;
  };
  // The locks that other holders have.
  Held others(Holder holder) const;

  std::map<Holder, Held> held_;
  std::vector<std::unique_ptr<char[]>> regions_;
};

}  // namespace simulation
