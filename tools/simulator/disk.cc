#include "tools/simulator/disk.h"

#include "tools/simulator/disk_vfs.h"
#include "tools/simulator/medium.h"

namespace simulation {

struct Disk::Impl {
  explicit Impl(base::Random random) : vfs(medium, std::move(random)) {}
  Medium medium;
  DiskVfs vfs;
};

Disk::Disk(base::Random random) : impl_(std::make_unique<Impl>(std::move(random))) {}
Disk::~Disk() = default;

const std::string& Disk::vfs() const { return impl_->vfs.name(); }

void Disk::kill() { impl_->medium.kill(); }
void Disk::power_cut(base::Random& random, PowerCut how) { impl_->medium.power_cut(random, how); }

Disk::Files Disk::crash_image(base::Random& random, PowerCut how, Counters* lost) const {
  Counters uncounted;
  return impl_->medium.crash_image(random, how, lost ? *lost : uncounted);
}

void Disk::fail(Call call, std::uint64_t nth, bool for_ever) {
  impl_->medium.fail(call, nth, for_ever);
}
void Disk::lose_power_at(std::uint64_t nth) { impl_->medium.lose_power_at(nth); }
bool Disk::powered() const { return impl_->medium.powered(); }
void Disk::set_lying(bool lying) { impl_->medium.set_lying(lying); }
void Disk::set_capacity(std::uint64_t bytes) { impl_->medium.set_capacity(bytes); }
void Disk::set_read_only(bool read_only) { impl_->medium.set_read_only(read_only); }
void Disk::set_delays(base::Duration write, base::Duration sync) {
  impl_->medium.set_delays(write, sync);
}
base::Duration Disk::take_cost() { return impl_->medium.take_cost(); }

std::vector<std::string> Disk::list() const {
  std::vector<std::string> names;
  for (const auto& [name, file] : impl_->medium.files()) names.push_back(name);
  return names;
}

bool Disk::exists(const std::string& name) const { return impl_->medium.find(name) != nullptr; }

base::Bytes Disk::read(const std::string& name) const {
  const Medium::File file = impl_->medium.find(name);
  return file ? file->written() : base::Bytes();
}

std::uint64_t Disk::bytes() const { return impl_->medium.bytes(); }

bool Disk::rename(const std::string& from, const std::string& to) {
  const Medium::File file = impl_->medium.find(from);
  if (!file) return false;
  if (from == to) return true;
  impl_->medium.put(to, file);
  impl_->medium.put(from, nullptr);
  return true;
}

bool Disk::remove(const std::string& name) {
  if (!exists(name)) return false;
  impl_->medium.put(name, nullptr);
  return true;
}

void Disk::replace(const std::string& name, base::Bytes bytes) {
  impl_->medium.put(name, std::make_shared<MediumFile>(std::move(bytes)));
}

bool Disk::flip_bit(const std::string& name, std::uint64_t offset, unsigned bit) {
  const Medium::File file = impl_->medium.find(name);
  return file && file->flip_bit(offset, bit);
}

bool Disk::truncate(const std::string& name, std::uint64_t size) {
  const Medium::File file = impl_->medium.find(name);
  return file && file->cut_to(size);
}

Disk::Files Disk::snapshot() const {
  Files files;
  for (const auto& [name, file] : impl_->medium.files()) files[name] = file->written();
  return files;
}

void Disk::restore(const Files& files) { impl_->medium.restore(files); }

void Disk::watch(std::function<void()> watcher) { impl_->medium.watch(std::move(watcher)); }
const Disk::Counters& Disk::counters() const { return impl_->medium.counters(); }

}  // namespace simulation
