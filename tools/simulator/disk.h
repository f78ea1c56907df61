#pragma once

// The medium of one host: a SQLite VFS in memory that knows what was synced. The same seed gives
// the same run. A power cut takes only what was not synced (unless syncs lie). The driver decides
// when and how calls fail. Several disks exist side by side; a disk and all its connections are
// used by one thread at a time.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "crdt/base/bytes.h"
#include "crdt/base/random.h"
#include "crdt/base/time.h"

namespace simulation {

// What happens to the writes since the last sync of their file when the power goes off.
enum class PowerCut : std::uint8_t {
  kAll,      // all are lost
  kSuffix,   // the last ones are lost, in the order of writing over all files
  kSubset,   // each write is lost or kept by chance, as a whole
  kSectors,  // each 512-byte sector of each write is lost or kept by chance
};
inline constexpr std::size_t kSectorBytes = 512;

class Disk {
 public:
  // The bytes of each file, by name.
  using Files = std::map<std::string, base::Bytes>;

  struct Counters {
    std::uint64_t reads = 0;
    std::uint64_t writes = 0;
    std::uint64_t bytes_written = 0;
    std::uint64_t syncs = 0;
    std::uint64_t lied_syncs = 0;
    std::uint64_t failed_calls = 0;  // because of fail(), a full disk or a read-only disk
    std::uint64_t power_cuts = 0;
    std::uint64_t lost_writes = 0;   // lost as a whole by power cuts
    std::uint64_t torn_writes = 0;   // writes that lost some of their sectors
    std::uint64_t torn_sectors = 0;  // lost sectors of torn writes
  };

  explicit Disk(base::Random random);
  ~Disk();  // CHECKs that every connection is closed
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  const std::string& vfs() const;  // name of the VFS, for store::Options::vfs

  // --- the host ends

  // The process dies. Every open handle fails from now on, but the connections must still be
  // closed. All written bytes stay.
  void kill();
  // kill(), and of what was not synced only the part stays that `how` and chance keep.
  void power_cut(base::Random& random, PowerCut how);
  // What power_cut() would leave, without doing it. `lost` counts what it would take.
  Files crash_image(base::Random& random, PowerCut how, Counters* lost = nullptr) const;

  // --- faults; all off at first, none is ended by kill()

  enum class Call : std::uint8_t { kRead, kWrite, kSync };  // a truncation is a write
  // The n-th call of this kind from now (from 1) fails with an I/O error and does nothing: once, or
  // together with every later one. One order for each kind of call; n = 0 cancels it.
  void fail(Call call, std::uint64_t nth, bool for_ever = false);
  // The power goes off during the n-th changing call from now (write, truncate, sync, delete; from
  // 1). The cut may tear a write, and every later call fails until kill() or power_cut(). n = 0
  // cancels it.
  void lose_power_at(std::uint64_t nth);
  bool powered() const;
  void set_lying(bool lying);  // syncs report success but bring nothing to the medium
  // All files together may not become larger than this: SQLITE_FULL. 0: no limit.
  void set_capacity(std::uint64_t bytes);
  void set_read_only(bool read_only);  // writes fail, as on a file system that was remounted
  // The virtual time that each changing call costs. No call waits: see take_cost().
  void set_delays(base::Duration write, base::Duration sync);
  base::Duration take_cost();  // time spent since the last take_cost()

  // --- files, read and changed by the owner of the directory; changes are durable at once

  std::vector<std::string> list() const;
  bool exists(const std::string& name) const;
  base::Bytes read(const std::string& name) const;  // empty if there is no file with this name
  std::uint64_t bytes() const;                      // size of all files, as written
  // False when there is no file with this name. Open handles keep the file that they opened.
  bool rename(const std::string& from, const std::string& to);
  bool remove(const std::string& name);
  void replace(const std::string& name, base::Bytes bytes);
  // These change a file under its open handles. False if it has no byte at this place.
  bool flip_bit(const std::string& name, std::uint64_t offset, unsigned bit);
  bool truncate(const std::string& name, std::uint64_t size);
  // A backup and its restoration: afterwards exactly these files exist. To clone a directory,
  // restore the snapshot of one disk on another. Best after kill(), because open handles keep the
  // old files.
  Files snapshot() const;
  void restore(const Files& files);

  // --- observe

  // Called before each changing call of SQLite. It may read (crash_image) but change nothing.
  void watch(std::function<void()> watcher);
  const Counters& counters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace simulation
