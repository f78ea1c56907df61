#include "tools/simulator/medium.h"

#include <algorithm>
#include <utility>

namespace simulation {
namespace {

void put_bytes(base::Bytes& file, std::uint64_t offset, base::BytesView bytes) {
  const std::size_t end = static_cast<std::size_t>(offset) + bytes.size();
  if (file.size() < end) file.resize(end);
  file.replace(static_cast<std::size_t>(offset), bytes.size(), bytes);
}

}  // namespace

// --- a file ------------------------------------------------------------------------------------

void MediumFile::write(std::uint64_t order, std::uint64_t offset, base::BytesView bytes) {
  put_bytes(written_, offset, bytes);
  pending_.push_back({order, offset, pending_bytes_.size(), bytes.size(), false});
  pending_bytes_.append(bytes);
}

void MediumFile::truncate(std::uint64_t order, std::uint64_t size) {
  written_.resize(static_cast<std::size_t>(size));
  pending_.push_back({order, size, 0, 0, true});
}

void MediumFile::sync() {
  for (const Pending& change : pending_) {
    if (change.truncates) {
      synced_.resize(static_cast<std::size_t>(change.offset));
    } else {
      put_bytes(synced_, change.offset, bytes_of(change));
    }
  }
  pending_.clear();
  pending_bytes_.clear();
}

bool MediumFile::flip_bit(std::uint64_t offset, unsigned bit) {
  const auto at = static_cast<std::size_t>(offset);
  if (at >= written_.size()) return false;
  const auto mask = static_cast<char>(1u << (bit % 8));
  written_[at] ^= mask;
  if (at < synced_.size()) synced_[at] ^= mask;
  for (const Pending& change : pending_) {
    if (at < change.offset || at >= change.offset + change.size) continue;
    pending_bytes_[change.start + (at - static_cast<std::size_t>(change.offset))] ^= mask;
  }
  return true;
}

bool MediumFile::cut_to(std::uint64_t size) {
  if (size >= written_.size()) return false;
  sync();
  written_.resize(static_cast<std::size_t>(size));
  synced_ = written_;
  return true;
}

base::BytesView MediumFile::bytes_of(const Pending& change) const {
  return base::BytesView(pending_bytes_).substr(change.start, change.size);
}

// --- SQLite's side -----------------------------------------------------------------------------

Medium::File Medium::find(const std::string& name) const {
  auto found = names_.find(name);
  return found == names_.end() ? nullptr : found->second;
}

Medium::File Medium::create(const std::string& name) {
  if (read_only_) return nullptr;
  auto file = std::make_shared<MediumFile>();
  link(name, file);
  return file;
}

Medium::Outcome Medium::read(const MediumFile& file, std::uint64_t offset, base::BytesView& out,
                             std::size_t bytes) {
  if (!powered_) return Outcome::kFailed;
  ++counters_.reads;
  if (reads_.hits()) return failed(Outcome::kFailed);
  const base::BytesView all = file.written();
  out =
      offset < all.size() ? all.substr(static_cast<std::size_t>(offset), bytes) : base::BytesView();
  return Outcome::kDone;
}

Medium::Outcome Medium::write(MediumFile& file, std::uint64_t offset, base::BytesView bytes) {
  if (!starts_change(write_delay_)) return Outcome::kFailed;
  ++counters_.writes;
  if (read_only_ || writes_.hits()) return ends_change(failed(Outcome::kFailed));
  const std::uint64_t end = offset + bytes.size();
  const std::uint64_t grows = end > file.written().size() ? end - file.written().size() : 0;
  if (capacity_ != 0 && grows != 0 && this->bytes() + grows > capacity_) {
    return ends_change(failed(Outcome::kFull));
  }
  counters_.bytes_written += bytes.size();
  file.write(++order_, offset, bytes);
  return ends_change(Outcome::kDone);
}

Medium::Outcome Medium::truncate(MediumFile& file, std::uint64_t size) {
  if (!starts_change(write_delay_)) return Outcome::kFailed;
  ++counters_.writes;
  if (read_only_ || writes_.hits()) return ends_change(failed(Outcome::kFailed));
  file.truncate(++order_, size);
  return ends_change(Outcome::kDone);
}

Medium::Outcome Medium::sync(const File& file) {
  if (!starts_change(sync_delay_)) return Outcome::kFailed;
  ++counters_.syncs;
  if (syncs_.hits()) return ends_change(failed(Outcome::kFailed));
  // The power goes off before the device has answered: nothing was promised.
  if (power_fails_) return ends_change(Outcome::kFailed);
  if (lying_) {
    ++counters_.lied_syncs;
    return Outcome::kDone;
  }
  file->sync();
  // A synced file is also found under its name: the unix VFS syncs the directory of a new log.
  std::size_t count = links_.size();
  while (count > 0 && links_[count - 1].file != file) --count;
  settle(count);
  return Outcome::kDone;
}

Medium::Outcome Medium::remove(const std::string& name, bool durable) {
  if (!starts_change(write_delay_)) return Outcome::kFailed;
  if (read_only_) return ends_change(failed(Outcome::kFailed));
  link(name, nullptr);
  if (durable && !lying_ && !power_fails_) settle(links_.size());
  return ends_change(Outcome::kDone);
}

bool Medium::starts_change(base::Duration delay) {
  if (!powered_) return false;
  if (watcher_) watcher_();
  cost_ = cost_ + delay;
  power_fails_ = power_.hits();
  return true;
}

Medium::Outcome Medium::ends_change(Outcome outcome) {
  if (!power_fails_) return outcome;
  power_fails_ = false;
  powered_ = false;
  return Outcome::kFailed;
}

Medium::Outcome Medium::failed(Outcome outcome) {
  ++counters_.failed_calls;
  return outcome;
}

bool Medium::Countdown::hits() {
  if (left == 0) return false;
  if (--left != 0) return false;
  if (for_ever) left = 1;
  return true;
}

void Medium::link(const std::string& name, const File& file) {
  if (file) {
    names_[name] = file;
  } else {
    names_.erase(name);
  }
  links_.push_back({++order_, name, file});
}

void Medium::settle(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (links_[i].file) {
      linked_[links_[i].name] = links_[i].file;
    } else {
      linked_.erase(links_[i].name);
    }
  }
  links_.erase(links_.begin(), links_.begin() + static_cast<std::ptrdiff_t>(count));
}

// --- the driver's side -------------------------------------------------------------------------

void Medium::kill() {
  ++generation_;
  powered_ = true;
  power_ = {};
  for (const auto& [name, file] : names_) {
    file->locks = {};
    file->memory = nullptr;  // handles that no longer work keep theirs until they are closed
  }
}

void Medium::power_cut(base::Random& random, PowerCut how) {
  const Disk::Files left = crash_image(random, how, counters_);
  ++counters_.power_cuts;
  kill();
  restore(left);
}

// What a cut keeps: one draw for each change or sector, in the order of names and of writing.
struct Medium::Keep {
  base::Random& random;
  PowerCut how;
  std::uint64_t suffix_start;
  Disk::Counters& counters;

  bool whole(std::uint64_t order) {
    if (how == PowerCut::kAll) return false;
    if (how == PowerCut::kSuffix) return order < suffix_start;
    return random.chance(2);
  }

  void write(base::Bytes& bytes, std::uint64_t order, std::uint64_t offset, base::BytesView data) {
    if (how == PowerCut::kSectors) return sectors(bytes, offset, data);
    if (whole(order)) return put_bytes(bytes, offset, data);
    ++counters.lost_writes;
  }

  // Sectors belong to the medium: they are aligned to the file, not to the write.
  void sectors(base::Bytes& bytes, std::uint64_t offset, base::BytesView data) {
    std::uint64_t lost = 0;
    bool kept = false;
    while (!data.empty()) {
      const std::size_t room = kSectorBytes - static_cast<std::size_t>(offset % kSectorBytes);
      const base::BytesView sector = data.substr(0, room);
      if (random.chance(2)) {
        put_bytes(bytes, offset, sector);
        kept = true;
      } else {
        ++lost;
      }
      offset += sector.size();
      data.remove_prefix(sector.size());
    }
    if (!kept) {
      ++counters.lost_writes;
    } else if (lost != 0) {
      ++counters.torn_writes;
      counters.torn_sectors += lost;
    }
  }

  base::Bytes file(const MediumFile& file) {
    base::Bytes bytes = file.synced();
    for (const MediumFile::Pending& change : file.pending()) {
      if (!change.truncates) {
        write(bytes, change.order, change.offset, file.bytes_of(change));
      } else if (whole(change.order)) {
        bytes.resize(static_cast<std::size_t>(change.offset));
      }
    }
    return bytes;
  }
};

Disk::Files Medium::crash_image(base::Random& random, PowerCut how,
                                Disk::Counters& counters) const {
  const std::uint64_t start = how == PowerCut::kSuffix ? suffix_start(random) : 0;
  Keep keep{random, how, start, counters};
  std::map<std::string, File> found = linked_;
  for (const Link& change : links_) {
    if (!keep.whole(change.order)) continue;
    if (change.file) {
      found[change.name] = change.file;
    } else {
      found.erase(change.name);
    }
  }
  Disk::Files files;
  for (const auto& [name, file] : found) files[name] = keep.file(*file);
  return files;
}

// The order of the first change that is lost. It may be that all are kept.
std::uint64_t Medium::suffix_start(base::Random& random) const {
  std::vector<std::uint64_t> orders;
  for (const Link& change : links_) orders.push_back(change.order);
  for (const auto& [name, file] : names_) {
    for (const MediumFile::Pending& change : file->pending()) orders.push_back(change.order);
  }
  std::sort(orders.begin(), orders.end());
  orders.push_back(order_ + 1);
  return random.pick(orders);
}

void Medium::fail(Disk::Call call, std::uint64_t nth, bool for_ever) {
  Countdown& countdown = call == Disk::Call::kRead    ? reads_
                         : call == Disk::Call::kWrite ? writes_
                                                      : syncs_;
  countdown = {nth, for_ever};
}

void Medium::set_delays(base::Duration write, base::Duration sync) {
  write_delay_ = write;
  sync_delay_ = sync;
}

base::Duration Medium::take_cost() { return std::exchange(cost_, base::Duration()); }

std::uint64_t Medium::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [name, file] : names_) sum += file->written().size();
  return sum;
}

void Medium::put(const std::string& name, File file) {
  if (file) file->sync();
  link(name, file);
  settle(links_.size());
}

void Medium::restore(const Disk::Files& files) {
  names_.clear();
  links_.clear();
  for (const auto& [name, bytes] : files) names_[name] = std::make_shared<MediumFile>(bytes);
  linked_ = names_;
}

}  // namespace simulation
