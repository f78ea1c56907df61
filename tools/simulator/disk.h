#pragma once

// One host's medium: a SQLite VFS in memory that knows what has been synced and what has not. It
// promises the same run for the same seed, and that a power cut takes only what was not synced
// (unless its syncs lie). It leaves to the driver when and how things fail. Several disks live side
// by side; one thread at a time uses a disk and all its connections.

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

// What becomes of the writes since the last sync of their file when the power goes off.
enum class PowerCut : std::uint8_t {
  kAll,      // all are lost
  kSuffix,   // the last ones, in the order of writing over all files
  kSubset,   // each by chance, whole
  kSectors,  // each 512-byte sector of each by chance
};
inline constexpr std::size_t kSectorBytes = 512;

class Disk {
 public:
  // By name; the bytes of each.
  using Files = std::map<std::string, base::Bytes>;

  struct Counters {
    std::uint64_t reads = 0;
    std::uint64_t writes = 0;
    std::uint64_t bytes_written = 0;
    std::uint64_t syncs = 0;
    std::uint64_t lied_syncs = 0;
    std::uint64_t failed_calls = 0;  // by fail(), a full disk, a read-only one
    std::uint64_t power_cuts = 0;
    std::uint64_t lost_writes = 0;   // wholly, by power cuts
    std::uint64_t torn_writes = 0;   // some of their sectors lost
    std::uint64_t torn_sectors = 0;  // lost of torn writes
  };

  explicit Disk(base::Random random);
  ~Disk();  // CHECKs that every connection is closed
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  const std::string& vfs() const;  // for store::Options::vfs

  // --- the host ends

  // The process dies: every open handle fails from now on (close the connections all the same);
  // all bytes as written stay.
  void kill();
  // kill(), and of what was not synced only what `how` and chance keep.
  void power_cut(base::Random& random, PowerCut how);
  // What power_cut() would leave, without doing it; `lost` counts what that would take.
  Files crash_image(base::Random& random, PowerCut how, Counters* lost = nullptr) const;

  // --- faults; all off at first, none is ended by kill()

  enum class Call : std::uint8_t { kRead, kWrite, kSync };  // a truncation is a write
  // The n-th such call from now (from 1) fails with an I/O error and does nothing: once, or with
  // every later one too. One order for each kind of call; n = 0 takes it back.
  void fail(Call call, std::uint64_t nth, bool for_ever = false);
  // The power goes off during the n-th changing call from now (write, truncate, sync, delete;
  // from 1): a write may be torn by the cut, and every later call fails until kill() or
  // power_cut(). n = 0 takes it back.
  void lose_power_at(std::uint64_t nth);
  bool powered() const;
  void set_lying(bool lying);  // syncs answer success and bring nothing to the medium
  // Files may not grow above this together: SQLITE_FULL. 0: no limit.
  void set_capacity(std::uint64_t bytes);
  void set_read_only(bool read_only);  // what writes fails, as on a remounted file system
  // What each changing call costs in virtual time. Nothing waits: see take_cost().
  void set_delays(base::Duration write, base::Duration sync);
  base::Duration take_cost();  // spent since the last call of this

  // --- files, as whoever owns the folder sees and changes them; such changes are durable at once

  std::vector<std::string> list() const;
  bool exists(const std::string& name) const;
  base::Bytes read(const std::string& name) const;  // empty when there is none
  std::uint64_t bytes() const;                      // of all files, as written
  // False when there is no such file. Open handles keep the file they opened.
  bool rename(const std::string& from, const std::string& to);
  bool remove(const std::string& name);
  void replace(const std::string& name, base::Bytes bytes);
  // These change the file under its open handles; false where it has no such byte.
  bool flip_bit(const std::string& name, std::uint64_t offset, unsigned bit);
  bool truncate(const std::string& name, std::uint64_t size);
  // A backup, and its restoration: afterwards exactly these files exist. For a cloned directory
  // restore one disk's snapshot on another. Best after kill(): open handles keep the old files.
  Files snapshot() const;
  void restore(const Files& files);

  // --- observe

  // Called before each changing call of SQLite; it may look (crash_image), not touch.
  void watch(std::function<void()> watcher);
  const Counters& counters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace simulation
