#pragma once

// The files of a disk, and which part of them is on the medium. Writes and truncations of a file
// wait in order until it is synced. Changes of names (a name that stands for a file, or no longer
// does) wait in the same order. Disk is the interface for the driver, disk_vfs.h for SQLite.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tools/simulator/disk.h"
#include "tools/simulator/file_locks.h"

namespace simulation {

class MediumFile {
 public:
  // One change that is not on the medium yet. `order` counts over all files of the disk.
  struct Pending {
    std::uint64_t order = 0;
    std::uint64_t offset = 0;  // for a truncation: the new size
    std::size_t start = 0;     // start of its bytes in pending_bytes()
    std::size_t size = 0;
    bool truncates = false;
  };

  MediumFile() = default;
  explicit MediumFile(base::Bytes bytes) : written_(bytes), synced_(std::move(bytes)) {}

  void write(std::uint64_t order, std::uint64_t offset, base::BytesView bytes);
  void truncate(std::uint64_t order, std::uint64_t size);
  void sync();
  // Changes the written and the synced bytes at once, like the owner of the directory.
  bool flip_bit(std::uint64_t offset, unsigned bit);
  bool cut_to(std::uint64_t size);

  const base::Bytes& written() const { return written_; }
  const base::Bytes& synced() const { return synced_; }
  const std::vector<Pending>& pending() const { return pending_; }
  base::BytesView bytes_of(const Pending& change) const;

  FileLocks locks;
  std::shared_ptr<SharedMemory> memory;  // set while a handle has it mapped

 private:
  base::Bytes written_;
  base::Bytes synced_;
  std::vector<Pending> pending_;
  base::Bytes pending_bytes_;
};

class Medium {
 public:
  using File = std::shared_ptr<MediumFile>;
  enum class Outcome : std::uint8_t { kDone, kFailed, kFull };

  // --- SQLite's side. Calls fail only as the driver has ordered.
  File find(const std::string& name) const;  // null if there is no such file
  File create(const std::string& name);      // null on a read-only disk
  Outcome read(const MediumFile& file, std::uint64_t offset, base::BytesView& out,
               std::size_t bytes);
  Outcome write(MediumFile& file, std::uint64_t offset, base::BytesView bytes);
  Outcome truncate(MediumFile& file, std::uint64_t size);
  Outcome sync(const File& file);
  Outcome remove(const std::string& name, bool durable);
  bool read_only() const { return read_only_; }
  bool powered() const { return powered_; }
  std::uint64_t generation() const { return generation_; }  // generation of the handles that work
  void spend(base::Duration duration) { cost_ = cost_ + duration; }

  // --- the driver's side: see Disk
  void kill();
  void power_cut(base::Random& random, PowerCut how);
  Disk::Files crash_image(base::Random& random, PowerCut how, Disk::Counters& counters) const;
  void fail(Disk::Call call, std::uint64_t nth, bool for_ever);
  void lose_power_at(std::uint64_t nth) { power_ = {nth, false}; }
  void set_lying(bool lying) { lying_ = lying; }
  void set_capacity(std::uint64_t bytes) { capacity_ = bytes; }
  void set_read_only(bool read_only) { read_only_ = read_only; }
  void set_delays(base::Duration write, base::Duration sync);
  base::Duration take_cost();
  const std::map<std::string, File>& files() const { return names_; }
  std::uint64_t bytes() const;
  // Durable at once. A null file removes the name.
  void put(const std::string& name, File file);
  void restore(const Disk::Files& files);
  void watch(std::function<void()> watcher) { watcher_ = std::move(watcher); }
  const Disk::Counters& counters() const { return counters_; }

 private:
  // A call that will fail: the n-th from now.
  struct Countdown {
    std::uint64_t left = 0;
    bool for_ever = false;
    bool hits();
  };
  // The change that `name` stands for `file` (null: for no file) is not on the medium yet.
  struct Link {
    std::uint64_t order = 0;
    std::string name;
    File file;
  };
  struct Keep;  // what a power cut keeps

  bool starts_change(base::Duration delay);  // false: the power is off
  Outcome ends_change(Outcome outcome);      // the power may go off during the call
  Outcome failed(Outcome outcome);
  void link(const std::string& name, const File& file);
  void settle(std::size_t count);  // marks the first `count` pending links as on the medium
  std::uint64_t suffix_start(base::Random& random) const;

  std::map<std::string, File> names_;   // names as written
  std::map<std::string, File> linked_;  // names as on the medium
  std::vector<Link> links_;
  std::uint64_t order_ = 0;
  std::uint64_t generation_ = 1;

  Countdown reads_;
  Countdown writes_;
  Countdown syncs_;
  Countdown power_;
  bool powered_ = true;
  bool power_fails_ = false;  // the power goes off during the present call
  bool lying_ = false;
  bool read_only_ = false;
  std::uint64_t capacity_ = 0;
  base::Duration write_delay_;
  base::Duration sync_delay_;
  base::Duration cost_;
  std::function<void()> watcher_;
  Disk::Counters counters_;
};

}  // namespace simulation
